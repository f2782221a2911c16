import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accepted, lines, refused, yaml } from './support.js';

const GATEWAY = 'gateway: { interfaces: [e0], snat_addresses: [10.0.1.1, "2001:db8:1::1"] }\n';

/** One load balancer with these listeners, given as the inside of flow mappings. */
function listeners(...items: string[]): string {
  const list = items.map((item, index) => `{ name: l${index}, ${item}, pool: p }`).join(', ');
  return `${GATEWAY}pools: [{ name: p }]
loadbalancers: [{ name: a, vip_addresses: [192.0.2.1, "2001:db8::1"], listeners: [${list}] }]\n`;
}

describe('overlapping listeners', () => {
  const overlap = /protocol_port: overlaps listener "l0" \(/;
  const pair = (a: string, b: string, protocols = ['TCP', 'TCP']) =>
    listeners(
      `protocol: ${protocols[0]}, protocol_port: ${a}`,
      `protocol: ${protocols[1]}, protocol_port: ${b}`,
    );

  it('an exact port wins over a range, a range over all', () => {
    accepted(pair('80', '80-90'));
    accepted(pair('80-90', 'all'));
    accepted(pair('80', 'all'));
  });

  it('one port may serve TCP and UDP', () => {
    accepted(pair('53', '53', ['TCP', 'UDP']));
    accepted(pair('all', 'all', ['TCP', 'UDP']));
  });

  it('equals must not overlap', () => {
    refused(pair('80', '80'), overlap);
    refused(pair('80', '80-80'), overlap);
    refused(pair('80-90', '90-95'), overlap);
    refused(pair('80-90', '85-86'), overlap);
    refused(pair('all', 'all'), overlap);
    refused(pair('all', '1-65535'), overlap);
    accepted(pair('80-90', '91-95'));
  });

  it('tells each later one', () => {
    const three = ['1-100', '20-30', '40-50'].map((p) => `protocol: TCP, protocol_port: ${p}`);
    assert.equal(lines(listeners(...three)).length, 2);
  });

  it('a VIP belongs to one load balancer', () => {
    const balancer = (name: string, vips: string) => `{ name: ${name}, vip_addresses: ${vips} }`;
    const file = (...items: string[]) => `${GATEWAY}loadbalancers: [${items.join(', ')}]\n`;
    accepted(file(balancer('a', '[192.0.2.1]'), balancer('b', '[192.0.2.2]')));
    refused(file(balancer('a', '[192.0.2.1]'), balancer('b', '[192.0.2.1]')), /VIP is used twice/);
    refused(file(balancer('a', '["2001:DB8::1", "2001:db8:0::1"]')), /VIP is used twice/);
  });
});

describe('names', () => {
  it('do not repeat among siblings', () => {
    const tcp = 'protocol: TCP, protocol_port';
    refused(
      listeners(`${tcp}: 1`, `${tcp}: 2`).replace('name: l1', 'name: l0'),
      /listeners\[1\]\.name: this name is used twice; first by entry 0 \(got "l0"\)/,
    );
    refused(`${GATEWAY}pools: [{ name: p }, { name: p }]\n`, /pools\[1\]\.name: this name/);
    refused(
      `${GATEWAY}loadbalancers:
  - { name: a, vip_addresses: [192.0.2.1] }
  - { name: a, vip_addresses: [192.0.2.2] }\n`,
      /loadbalancers\[1\]\.name: this name/,
    );
  });

  it('of pools are known, with a suggestion', () => {
    const file = `${GATEWAY}pools: [{ name: backends }]
loadbalancers:
  - { name: a, vip_addresses: [192.0.2.1], listeners: [{ name: x, protocol: TCP, protocol_port: 1, pool: backend }] }\n`;
    refused(
      file,
      /pool: is not the name of an entry of pools; did you mean backends\? \(got "backend"\)/,
    );
    accepted(file.replace('pool: backend ', 'pool: backends '));
  });

  it('of a pool that is itself wrong are known all the same', () => {
    const file = `${GATEWAY}pools: [{ name: p, members: 7, lb_algorithm: X, healthmonitor: {} }]
loadbalancers:
  - { name: a, vip_addresses: [192.0.2.1], listeners: [{ name: x, protocol: TCP, protocol_port: 1, pool: p }] }\n`;
    assert.ok(
      lines(file).every((line) => line.includes('pools[0]')),
      lines(file).join('\n'),
    );
  });

  it('an unused pool is fine', () => {
    accepted(`${GATEWAY}pools: [{ name: p }]\n`);
  });

  it('an inline pool is called loadbalancer/listener, a member by its endpoint', () => {
    const { pools, loadbalancers } = accepted(yaml());
    assert.equal(pools[0]?.name, 'web/http');
    assert.equal(loadbalancers[0]?.listeners[0]?.pool, 'web/http');
    assert.equal(pools[0]?.members[0]?.name, '10.0.2.11:8080');
  });
});

describe('members', () => {
  const members = (...items: string[]) =>
    `${GATEWAY}pools: [{ name: p, members: [${items.map((item) => `{ ${item} }`).join(', ')}] }]\n`;

  it('do not repeat', () => {
    const one = 'address: 10.0.2.1, protocol_port: 80';
    refused(members(one, one), /members\[1\]\.address: this address and port is used twice/);
    refused(
      members(
        'address: "2001:db8::5", protocol_port: 1',
        'address: "2001:DB8:0:0::5", protocol_port: 1',
      ),
      /used twice/,
    );
    accepted(members(one, 'address: 10.0.2.1, protocol_port: 81'));
    refused(
      members(`name: a, ${one}`, 'name: a, address: 10.0.2.2, protocol_port: 80'),
      /members\[1\]\.name: this name is used twice/,
    );
  });

  for (const bad of [
    '0.0.0.0',
    '127.0.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '10.0.0',
    '010.0.0.1',
    '0x7f.1',
    '::',
    '::1',
    'ff02::1',
    'fe80::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    'host',
    '10.0.0.1/32',
    '10.0.0.1 ',
  ]) {
    it(`refuses the address ${bad}`, () =>
      refused(members(`address: "${bad}", protocol_port: 80`), /address: must .*\(got "/));
  }

  it('are not the gateway itself', () => {
    refused(members('address: 10.0.1.1, protocol_port: 80'), /is a SNAT address of this gateway/);
    const file = yaml().replace('10.0.2.11', '203.0.113.10');
    refused(file, /members\[0\]\.address: is a VIP of this gateway/);
  });
});

describe('relations', () => {
  it('allowed_cidrs and denied_cidrs exclude each other', () => {
    accepted(yaml({ listener: 'allowed_cidrs: []' }));
    accepted(yaml({ listener: 'denied_cidrs: [10.0.0.0/8, 192.0.2.1, "2001:db8::/32"]' }));
    refused(yaml({ listener: 'allowed_cidrs: [], denied_cidrs: []' }), /excludes allowed_cidrs/);
  });

  it('CIDRs have no bits after the prefix', () => {
    refused(
      yaml({ listener: 'allowed_cidrs: [10.0.0.1/8]' }),
      /allowed_cidrs\[0\]: has bits set after the prefix; did you mean 10\.0\.0\.0\/8\? \(got "10\.0\.0\.1\/8"\)/,
    );
    for (const bad of [
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/08',
      '"2001:db8::/129"',
      '"::ffff:0:0/96"',
    ]) {
      refused(yaml({ listener: `allowed_cidrs: [${bad}]` }), /allowed_cidrs\[0\]: must /);
    }
  });

  it('CIDRs become canonical and single', () => {
    const { loadbalancers } = accepted(
      yaml({ listener: 'allowed_cidrs: [192.0.2.1, 192.0.2.1/32, "2001:DB8::/32", 0.0.0.0/0]' }),
    );
    assert.deepEqual(loadbalancers[0]?.listeners[0]?.allowed_cidrs, [
      '192.0.2.1/32',
      '2001:db8::/32',
      '0.0.0.0/0',
    ]);
  });

  it('persistence is not for SOURCE_IP and QUIC_CID', () => {
    const pool = (algorithm: string) =>
      `${GATEWAY}pools: [{ name: p, lb_algorithm: ${algorithm}, session_persistence: { type: SOURCE_IP } }]\n`;
    accepted(pool('ROUND_ROBIN'));
    accepted(pool('LEAST_CONNECTIONS'));
    refused(pool('SOURCE_IP'), /session_persistence: must be null with lb_algorithm SOURCE_IP/);
    refused(pool('QUIC_CID'), /session_persistence: must be null with lb_algorithm QUIC_CID/);
  });

  it('QUIC_CID is for UDP', () => {
    refused(yaml({ pool: 'lb_algorithm: QUIC_CID' }), /must not use QUIC_CID with a TCP listener/);
    accepted(yaml({ pool: 'lb_algorithm: QUIC_CID' }).replace('TCP', 'UDP'));
  });

  it('the client address travels in TCP only', () => {
    const udp = (text: string) =>
      yaml({ listener: text }).replace('protocol: TCP', 'protocol: UDP');
    refused(udp('client_address: toa'), /client_address: must be none with UDP/);
    const listener = accepted(udp('client_address: none')).loadbalancers[0]?.listeners[0];
    assert.equal(listener?.client_address, 'none');
    const dnat = accepted(yaml({ listener: 'forwarding_mode: dnat, client_address: toa' }));
    assert.equal(dnat.loadbalancers[0]?.listeners[0]?.client_address, 'none');
  });

  it('fullnat needs SNAT addresses of the members’ families', () => {
    const six = (text: string) => text.replace('10.0.2.11', '"2001:db8:2::1"');
    refused(six(yaml()), /pool: needs an IPv6 address in snat_addresses for its IPv6 members/);
    accepted(six(yaml({ balancer: 'snat_addresses: ["2001:db8:1::1"]' })));
    refused(
      six(yaml()).replace('[10.0.1.240/28]', '[nonsense]'),
      /snat_addresses\[0\]: must be an address/,
    );
  });

  it('dnat keeps the family', () => {
    const dnat = (vips: string, ...members: string[]) => {
      const list = members.map((address) => `{ address: "${address}", protocol_port: 1 }`);
      return `${GATEWAY}loadbalancers: [{ name: a, vip_addresses: ${vips}, listeners: [{ name: x, protocol: TCP,
        protocol_port: 1, forwarding_mode: dnat, pool: { members: [${list.join(', ')}] } }] }]\n`;
    };
    accepted(dnat('[192.0.2.1]', '10.0.2.1'));
    accepted(dnat('[192.0.2.1]'));
    accepted(dnat('[192.0.2.1, "2001:db8::1"]', '10.0.2.1', '2001:db8:2::1'));
    refused(dnat('[192.0.2.1, "2001:db8::1"]', '10.0.2.1'), /must have IPv6 members/);
    refused(dnat('[192.0.2.1]', '10.0.2.1', '2001:db8:2::1'), /must have no IPv6 members/);
  });

  it('the API is on TCP only with tokens', () => {
    refused(yaml({ gateway: 'api: { listen: "127.0.0.1:9000" }' }), /listen: needs token_file/);
    accepted(yaml({ gateway: 'api: { listen: "[::1]:9000", token_file: /etc/clearnat/tokens }' }));
    for (const bad of [
      'localhost:80',
      '127.0.0.1',
      '127.0.0.1:0',
      '127.0.0.1:65536',
      '::1:80',
      ':80',
    ]) {
      refused(yaml({ gateway: `metrics: { listen: "${bad}" }` }), /metrics\.listen: must /);
    }
  });
});

describe('defaults', () => {
  it('are those of the specification', () => {
    const { gateway, loadbalancers, pools } = accepted(yaml({ monitor: 'type: TCP' }));
    assert.deepEqual(gateway.api, {
      socket: '/run/clearnat/api.sock',
      listen: null,
      token_file: null,
    });
    assert.deepEqual(gateway.metrics, { listen: '127.0.0.1:9464' });
    assert.equal(gateway.max_connections, 1_000_000);
    assert.equal(gateway.stray_packets, 'rst');
    assert.deepEqual(loadbalancers[0]?.listeners[0], {
      name: 'http',
      protocol: 'TCP',
      protocol_port: { first: 80, last: 80 },
      forwarding_mode: 'fullnat',
      client_address: 'toa',
      toa: { kind: 254 },
      idle_timeout: 300,
      connection_limit: -1,
      allowed_cidrs: null,
      denied_cidrs: null,
      admin_state_up: true,
      pool: 'web/http',
    });
    assert.deepEqual(pools[0], {
      name: 'web/http',
      lb_algorithm: 'ROUND_ROBIN',
      session_persistence: null,
      deregistration_delay: null,
      healthmonitor: {
        type: 'TCP',
        delay: 5,
        timeout: 3,
        max_retries: 3,
        max_retries_down: 3,
        monitor_port: null,
        http_method: 'GET',
        url_path: '/',
        domain_name: null,
        expected_codes: '200',
      },
      members: [
        {
          name: '10.0.2.11:8080',
          address: '10.0.2.11',
          protocol_port: 8080,
          weight: 1,
          admin_state_up: true,
        },
      ],
    });
  });

  it('timeout follows a delay below it', () => {
    assert.equal(
      accepted(yaml({ monitor: 'type: TCP, delay: 2' })).pools[0]?.healthmonitor?.timeout,
      2,
    );
  });

  it('are not shared between objects', () => {
    const config = accepted(
      listeners('protocol: TCP, protocol_port: 1', 'protocol: TCP, protocol_port: 2'),
    );
    const [a, b] = config.loadbalancers[0]?.listeners ?? [];
    assert.notEqual(a?.toa, b?.toa);
  });
});
