import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/index.js';
import { unsupported } from '../../../src/config/unsupported.js';

function notes(listener: string, pool = '', member = '10.0.2.11'): string[] {
  const result = parseConfig(
    `gateway: { interfaces: [eth0], snat_addresses: [10.0.2.240] }
loadbalancers:
  - name: web
    vip_addresses: [203.0.113.10]
    listeners:
      - name: http
        protocol: TCP
        protocol_port: 80
        ${listener}
        pool: { lb_algorithm: ROUND_ROBIN, ${pool} members: [{ address: ${member}, protocol_port: 80 }] }
`,
    'test.yaml',
  );
  assert.ok(result.ok, JSON.stringify(result));
  return unsupported(result.config);
}

test('what works is not warned of', () => {
  assert.deepEqual(notes('connection_limit: 10'), []);
});

test('what does not work yet is named with its place', () => {
  assert.match(
    notes('allowed_cidrs: [10.0.0.0/8]').join(),
    /^listener web\/http: .*refuses everybody/,
  );
  assert.match(notes('forwarding_mode: dnat').join(), /listener web\/http: .*dnat/);
  const persistence = 'session_persistence: { type: SOURCE_IP, persistence_timeout: 60 },';
  assert.match(notes('', persistence).join(), /pool web\/http: session_persistence/);
});
