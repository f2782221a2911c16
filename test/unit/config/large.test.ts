import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accepted, lines } from './support.js';

const LISTENERS = 10_000;
const MEMBERS = 10;
/** Of the whole reading. */
const LIMIT_MS = 5000;

function large(lastWeight: number): string {
  const parts = [
    'gateway: { interfaces: [eth0], snat_addresses: [10.255.1.240/28] }\nloadbalancers:\n  - name: web\n    vip_addresses: [203.0.113.10]\n    listeners:\n',
  ];
  for (let i = 0; i < LISTENERS; i++) {
    parts.push(`      - name: l${i}\n        protocol: TCP\n        protocol_port: ${i + 1}\n`);
    parts.push('        pool:\n          healthmonitor: { type: TCP }\n          members:\n');
    for (let m = 1; m <= MEMBERS; m++) {
      const weight = i === LISTENERS - 1 && m === MEMBERS ? lastWeight : 10;
      const address = `10.${i >> 8}.${i & 255}.${m}`;
      parts.push(
        `            - { name: m${m}, address: ${address}, protocol_port: 80, weight: ${weight} }\n`,
      );
    }
  }
  return parts.join('');
}

describe(`${LISTENERS} listeners with ${MEMBERS} members each`, () => {
  it('are read within 5 s', () => {
    const text = large(10);
    const start = performance.now();
    const { pools } = accepted(text);
    const took = performance.now() - start;
    assert.equal(pools.length, LISTENERS);
    assert.ok(took < LIMIT_MS, `took ${took} ms`);
  });

  it('an error at the end is found within 5 s', () => {
    const text = large(257);
    const start = performance.now();
    const found = lines(text);
    const took = performance.now() - start;
    assert.equal(found.length, 1);
    const line = text.split('\n').length - 1;
    assert.match(found[0] ?? '', new RegExp(`^${line}:\\d+: .*members\\[9\\]\\.weight: must be`));
    assert.ok(took < LIMIT_MS, `took ${took} ms`);
  });
});
