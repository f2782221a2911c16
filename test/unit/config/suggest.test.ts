import assert from 'node:assert/strict';
import { it } from 'node:test';
import { suggest } from '../../../src/config/suggest.js';

const KEYS = ['protocol', 'protocol_port', 'pool', 'weight', 'snat_addresses'];

it('suggests what was probably meant', () => {
  assert.equal(suggest('wieght', KEYS), 'weight');
  assert.equal(suggest('protocol-port', KEYS), 'protocol_port');
  assert.equal(suggest('Pool', KEYS), 'pool');
  assert.equal(suggest('snat_address', KEYS), 'snat_addresses');
  assert.equal(suggest('zzz', KEYS), null);
  assert.equal(suggest('', KEYS), null);
  assert.equal(suggest('x'.repeat(100_000), KEYS), null);
});
