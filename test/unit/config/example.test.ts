import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatError, loadConfig } from '../../../src/config/index.js';
import { EXAMPLE } from './arbitrary.js';

it('docs/clearnat.example.yaml is valid', async () => {
  const result = await loadConfig(fileURLToPath(EXAMPLE));
  if (!result.ok) assert.fail(result.errors.map(formatError).join('\n'));
  assert.deepEqual(
    result.config.loadbalancers.map(({ name }) => name),
    ['web', 'dns'],
  );
  assert.equal(result.config.gateway.snat_addresses.length, 32);
});
