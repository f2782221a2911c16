// The API's objects, in Octavia's words. The types, the serialisers and the
// OpenAPI document are made from these schemas.

import { type Static, type TSchema, Type } from '@sinclair/typebox';

function word<const T extends string>(...values: T[]) {
  return Type.Unsafe<T>({ type: 'string', enum: values });
}

const count = Type.Integer({ minimum: 0 });
const strings = Type.Array(Type.String());

/** Octavia's operating_status values, as far as a layer-4 gateway can be in them. */
export const OperatingStatus = word(
  'ONLINE',
  'DEGRADED',
  'ERROR',
  'DRAINING',
  'OFFLINE',
  'NO_MONITOR',
);
export const ProvisioningStatus = word('ACTIVE', 'PENDING_UPDATE', 'ERROR');

const status = {
  operating_status: OperatingStatus,
  provisioning_status: ProvisioningStatus,
  admin_state_up: Type.Boolean(),
};

export const MemberView = Type.Object({
  name: Type.String(),
  address: Type.String(),
  protocol_port: Type.Integer(),
  weight: Type.Integer(),
  ...status,
  active_connections: count,
  inactive_connections: count,
  reason: Type.Optional(Type.String({ description: 'why its last health check failed' })),
});

export const PoolView = Type.Object({
  name: Type.String(),
  lb_algorithm: Type.String(),
  operating_status: OperatingStatus,
  members: Type.Array(MemberView),
});

export const ListenerView = Type.Object({
  name: Type.String(),
  protocol: word('TCP', 'UDP'),
  protocol_port: Type.String({ description: '"443", "8000-8999" or "all"' }),
  forwarding_mode: word('fullnat', 'dnat'),
  ...status,
  pool: PoolView,
});

export const LoadBalancerView = Type.Object({
  name: Type.String(),
  vip_addresses: strings,
  ...status,
  listeners: Type.Array(ListenerView),
});

const traffic = {
  total_connections: count,
  active_connections: count,
  inactive_connections: count,
  packets_in: count,
  bytes_in: count,
  packets_out: count,
  bytes_out: count,
};

export const ListenerStats = Type.Object({
  loadbalancer: Type.String(),
  name: Type.String(),
  protocol: word('TCP', 'UDP'),
  vip_addresses: strings,
  protocol_port: Type.String(),
  pool: Type.String(),
  ...traffic,
});

export const MemberStats = Type.Object({
  pool: Type.String(),
  protocol: word('TCP', 'UDP'),
  name: Type.String(),
  address: Type.String(),
  protocol_port: Type.Integer(),
  ...traffic,
});

export const DropStats = Type.Object({
  reason: Type.String({ description: 'a name of bpf/drop_reasons.h' }),
  description: Type.String(),
  packets: count,
});

export const Stats = Type.Object({
  listeners: Type.Array(ListenerStats),
  members: Type.Array(MemberStats),
  drops: Type.Array(DropStats),
});

/** Addresses with their port: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
export const Connection = Type.Object({
  protocol: word('TCP', 'UDP'),
  client: Type.String(),
  vip: Type.String(),
  snat: Type.String(),
  member: Type.String(),
  listener: Type.String({ description: 'loadbalancer/listener' }),
  state: Type.String(),
  idle_seconds: Type.Number({ minimum: 0 }),
  packets_in: count,
  bytes_in: count,
  packets_out: count,
  bytes_out: count,
});

export const ConnectionPage = Type.Object({
  connections: Type.Array(Connection),
  more: Type.Boolean({ description: 'there are more than limit' }),
});

export const Status = Type.Object({
  version: Type.String(),
  pid: Type.Integer(),
  config_file: Type.String(),
  started_at: Type.String({ format: 'date-time' }),
  operating_status: OperatingStatus,
  loadbalancers: count,
  listeners: count,
  members: count,
  members_online: count,
});

export const ReloadResult = Type.Object({
  changed: Type.Boolean(),
  summary: Type.String({ description: 'what a person wants to read about the change' }),
});

export const ConfigErrorView = Type.Object({
  file: Type.String(),
  line: Type.Integer(),
  column: Type.Integer(),
  path: Type.String(),
  message: Type.String(),
});

export const Fault = Type.Object({
  code: Type.String(),
  message: Type.String(),
  errors: Type.Optional(Type.Array(ConfigErrorView)),
});

export function listOf<K extends string, T extends TSchema>(key: K, item: T) {
  return Type.Object({ [key]: Type.Array(item) } as { [P in K]: ReturnType<typeof Type.Array<T>> });
}

export type OperatingStatus = Static<typeof OperatingStatus>;
export type ProvisioningStatus = Static<typeof ProvisioningStatus>;
export type MemberView = Static<typeof MemberView>;
export type PoolView = Static<typeof PoolView>;
export type ListenerView = Static<typeof ListenerView>;
export type LoadBalancerView = Static<typeof LoadBalancerView>;
export type ListenerStats = Static<typeof ListenerStats>;
export type MemberStats = Static<typeof MemberStats>;
export type DropStats = Static<typeof DropStats>;
export type Stats = Static<typeof Stats>;
export type Connection = Static<typeof Connection>;
export type ConnectionPage = Static<typeof ConnectionPage>;
export type Status = Static<typeof Status>;
export type ReloadResult = Static<typeof ReloadResult>;
export type Fault = Static<typeof Fault>;
