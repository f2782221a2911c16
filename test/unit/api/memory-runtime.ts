// Our own Runtime interface over plain values, for the API and the CLI.

import { connectionMatcher } from '../../../src/api/filter.js';
import type {
  Connection,
  ConnectionFilter,
  ConnectionPage,
  LoadBalancerView,
  ReloadResult,
  Runtime,
  Stats,
  Status,
} from '../../../src/api/runtime.js';

const up = {
  operating_status: 'ONLINE',
  provisioning_status: 'ACTIVE',
  admin_state_up: true,
} as const;

export const tree: LoadBalancerView[] = [
  {
    name: 'web',
    vip_addresses: ['203.0.113.10', '2001:db8::10'],
    ...up,
    operating_status: 'DEGRADED',
    listeners: [
      {
        name: 'https',
        protocol: 'TCP',
        protocol_port: '443',
        forwarding_mode: 'fullnat',
        ...up,
        operating_status: 'DEGRADED',
        pool: {
          name: 'web/https',
          lb_algorithm: 'ROUND_ROBIN',
          operating_status: 'DEGRADED',
          members: [
            {
              name: 'a',
              address: '10.0.2.11',
              protocol_port: 8443,
              weight: 10,
              ...up,
              active_connections: 1234567,
              inactive_connections: 3,
            },
            {
              name: 'b',
              address: '10.0.2.12',
              protocol_port: 8443,
              weight: 1,
              ...up,
              operating_status: 'ERROR',
              active_connections: 0,
              inactive_connections: 0,
              reason: 'connection refused',
            },
          ],
        },
      },
    ],
  },
];

const counters = {
  total_connections: 12,
  active_connections: 2,
  inactive_connections: 1,
  packets_in: 340,
  bytes_in: 56_000,
  packets_out: 290,
  bytes_out: 9_000_000,
};

export const stats: Stats = {
  listeners: [
    {
      loadbalancer: 'web',
      name: 'https',
      protocol: 'TCP',
      vip_addresses: ['203.0.113.10', '2001:db8::10'],
      protocol_port: '443',
      pool: 'web/https',
      ...counters,
    },
  ],
  members: [
    {
      pool: 'web/https',
      protocol: 'TCP',
      name: 'a',
      address: '10.0.2.11',
      protocol_port: 8443,
      ...counters,
    },
  ],
  drops: [
    { reason: 'STRAY', description: 'no connection and not a SYN', packets: 7 },
    { reason: 'NO_ROUTE', description: 'no route to the next hop', packets: 0 },
  ],
};

function connection(client: string, state: string): Connection {
  return {
    protocol: 'TCP',
    client,
    vip: '203.0.113.10:443',
    snat: '10.0.1.240:1024',
    member: '10.0.2.11:8443',
    listener: 'web/https',
    state,
    idle_seconds: 1.5,
    packets_in: 10,
    bytes_in: 1200,
    packets_out: 8,
    bytes_out: 64_000,
  };
}

export const connections: Connection[] = [
  connection('198.51.100.7:40000', 'ESTABLISHED'),
  connection('198.51.100.8:40001', 'TIME_WAIT'),
  connection('[2001:db8:9::1]:50000', 'ESTABLISHED'),
];

export const status: Status = {
  version: '0.1.0',
  pid: 1,
  config_file: '/etc/clearnat/clearnat.yaml',
  started_at: '2026-01-02T03:04:05Z',
  operating_status: 'DEGRADED',
  loadbalancers: 1,
  listeners: 1,
  members: 2,
  members_online: 1,
};

export class MemoryRuntime implements Runtime {
  /** What the next reload throws. */
  refuses: Error | null = null;
  reloads = 0;

  async status(): Promise<Status> {
    return status;
  }

  async listTree(): Promise<LoadBalancerView[]> {
    return tree;
  }

  async stats(): Promise<Stats> {
    return stats;
  }

  async connections(filter: ConnectionFilter): Promise<ConnectionPage> {
    const found = connections.filter(connectionMatcher(filter));
    return { connections: found.slice(0, filter.limit), more: found.length > filter.limit };
  }

  async reload(): Promise<ReloadResult> {
    if (this.refuses !== null) throw this.refuses;
    this.reloads++;
    return { changed: true, summary: '1 listener added' };
  }
}
