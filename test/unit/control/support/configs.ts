// Configurations, written out and random.

import fc from 'fast-check';
import type {
  Config,
  HealthMonitor,
  Listener,
  LoadBalancer,
  Member,
  Pool,
} from '../../../../src/config/model.js';

export const TCP_MONITOR: HealthMonitor = {
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
};

export const member = (address: string, more: Partial<Member> = {}): Member => ({
  name: address,
  address,
  protocol_port: 80,
  weight: 1,
  admin_state_up: true,
  ...more,
});

export const pool = (name: string, members: Member[], more: Partial<Pool> = {}): Pool => ({
  name,
  lb_algorithm: 'ROUND_ROBIN',
  session_persistence: null,
  deregistration_delay: null,
  healthmonitor: null,
  members,
  ...more,
});

export const listener = (
  name: string,
  port: number,
  poolName: string,
  more: Partial<Listener> = {},
): Listener => ({
  name,
  protocol: 'TCP',
  protocol_port: { first: port, last: port },
  forwarding_mode: 'fullnat',
  client_address: 'toa',
  toa: { kind: 254 },
  idle_timeout: 300,
  connection_limit: -1,
  allowed_cidrs: null,
  denied_cidrs: null,
  admin_state_up: true,
  pool: poolName,
  ...more,
});

export const loadbalancer = (
  name: string,
  vips: string[],
  listeners: Listener[],
  more: Partial<LoadBalancer> = {},
): LoadBalancer => ({
  name,
  vip_addresses: vips,
  admin_state_up: true,
  snat_addresses: null,
  listeners,
  ...more,
});

export const config = (
  loadbalancers: LoadBalancer[],
  pools: Pool[],
  snat = ['10.0.1.240'],
): Config => ({
  gateway: {
    interfaces: ['eth0'],
    xdp_mode: 'auto',
    max_connections: 1000,
    snat_addresses: snat,
    stray_packets: 'rst',
    api: { socket: '/tmp/none.sock', listen: null, token_file: null },
    metrics: { listen: null },
  },
  loadbalancers,
  pools,
});

const memberArb = fc.record({
  name: fc.constant('m'),
  address: fc.constantFrom('10.0.2.1', '10.0.2.2', '10.0.2.3', '10.0.2.4', '2001:db8::1'),
  protocol_port: fc.constantFrom(80, 81),
  weight: fc.constantFrom(0, 1, 1, 2, 3, 7),
  admin_state_up: fc.constantFrom(true, true, true, false),
});

const membersArb = fc.uniqueArray(memberArb, {
  selector: (each) => `${each.address} ${each.protocol_port}`,
  maxLength: 6,
});

const poolArb = (name: string) =>
  fc.record({
    name: fc.constant(name),
    lb_algorithm: fc.constantFrom('ROUND_ROBIN', 'ROUND_ROBIN', 'LEAST_CONNECTIONS'),
    session_persistence: fc.constantFrom(null, { type: 'SOURCE_IP', persistence_timeout: 60 }),
    deregistration_delay: fc.constantFrom(null, 0, 10),
    healthmonitor: fc.constantFrom(null, TCP_MONITOR),
    members: membersArb,
  }) as fc.Arbitrary<Pool>;

const POOLS = ['p1', 'p2', 'p3'];

const listenerArb = fc
  .record({
    port: fc.integer({ min: 1, max: 6 }),
    span: fc.constantFrom(0, 0, 0, 2, -1),
    protocol: fc.constantFrom('TCP', 'UDP'),
    pool: fc.constantFrom(...POOLS),
    mode: fc.constantFrom('fullnat', 'fullnat', 'dnat'),
    up: fc.constantFrom(true, true, false),
  })
  .map(({ port, span, protocol, pool: name, mode, up }) =>
    listener(`${protocol}-${port}-${span}`, port, name, {
      protocol: protocol as 'TCP' | 'UDP',
      protocol_port: span < 0 ? { first: 1, last: 65535 } : { first: port, last: port + span },
      forwarding_mode: mode as 'fullnat' | 'dnat',
      admin_state_up: up,
    }),
  );

const lbArb = (name: string, vips: string[]) =>
  fc.record({
    name: fc.constant(name),
    vip_addresses: fc.subarray(vips, { minLength: 1 }),
    admin_state_up: fc.constantFrom(true, true, true, false),
    snat_addresses: fc.constantFrom<string[] | null>(
      null,
      ['10.0.1.245'],
      ['10.0.1.240', '2001:db8:1::f0'],
    ),
    // No two of one span on one port, as the configuration's checks see to.
    listeners: fc.uniqueArray(listenerArb, {
      selector: ({ protocol, protocol_port: { first, last } }) =>
        last - first === 2 ? `${protocol} range` : `${protocol} ${first} ${last}`,
      maxLength: 4,
    }),
  });

/** Any valid configuration of a small world. */
export const configArb: fc.Arbitrary<Config> = fc
  .record({
    lbs: fc.tuple(
      lbArb('a', ['203.0.113.1', '2001:db8::a1']),
      lbArb('b', ['203.0.113.2', '203.0.113.3']),
    ),
    count: fc.integer({ min: 0, max: 2 }),
    pools: fc.tuple(...POOLS.map(poolArb)),
    snat: fc.subarray(['10.0.1.240', '10.0.1.241', '2001:db8:1::f1'], { minLength: 1 }),
  })
  .map(({ lbs, count, pools, snat }) => config(lbs.slice(0, count), pools, snat));
