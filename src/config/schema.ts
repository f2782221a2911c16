// The configuration file as a typebox schema: names, types, limits, defaults
// (SPEC section 2). It is the one description of them: reading, the API's
// OpenAPI document and the manual page come from here. `format` names a check
// in formats.ts; relations between settings are in checks/.

import { type Static, type TSchema, Type } from '@sinclair/typebox';

const strict = { additionalProperties: false } as const;

function nullable<T extends TSchema>(schema: T, description: string) {
  return Type.Union([schema, Type.Null()], { default: null, description });
}

function oneOf<const T extends string>(values: readonly T[], options: object = {}) {
  return Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
}

function text(format: string, options: object = {}) {
  return Type.String({ format, ...options });
}

const name = text('name', { description: 'unique among its siblings' });
const port = Type.Integer({ minimum: 1, maximum: 65535 });
const adminStateUp = Type.Boolean({ default: true, description: 'false: takes no connections' });
const cidrs = Type.Array(text('cidr'));
const snatAddresses = Type.Array(text('cidr'));

export const HealthMonitorSchema = Type.Object(
  {
    type: oneOf(['TCP', 'HTTP', 'HTTPS', 'UDP_CONNECT', 'PING']),
    delay: Type.Integer({ minimum: 1, maximum: 50, default: 5, description: 'seconds' }),
    timeout: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 50, description: 'seconds, at most delay; default 3' }),
    ),
    max_retries: Type.Integer({
      minimum: 1,
      maximum: 10,
      default: 3,
      description: 'successes to go up',
    }),
    max_retries_down: Type.Integer({
      minimum: 1,
      maximum: 10,
      default: 3,
      description: 'failures to go down',
    }),
    monitor_port: nullable(port, "default: the member's port"),
    http_method: oneOf(
      ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT'],
      { default: 'GET' },
    ),
    url_path: text('url-path', { default: '/' }),
    domain_name: nullable(text('domain-name'), 'Host header'),
    expected_codes: Type.Union([Type.Integer({ minimum: 100, maximum: 599 }), text('codes')], {
      default: '200',
      description: '"200", "200,202", "200-299"',
    }),
  },
  strict,
);

export const MemberSchema = Type.Object(
  {
    name: Type.Optional(name),
    address: text('address'),
    protocol_port: port,
    weight: Type.Integer({
      minimum: 0,
      maximum: 256,
      default: 1,
      description: '0: no new connections',
    }),
    admin_state_up: adminStateUp,
  },
  strict,
);

export const SessionPersistenceSchema = Type.Object(
  {
    type: oneOf(['SOURCE_IP']),
    persistence_timeout: Type.Integer({
      minimum: 60,
      maximum: 3600,
      default: 1200,
      description: 'seconds',
    }),
  },
  strict,
);

const poolSettings = {
  lb_algorithm: oneOf(['ROUND_ROBIN', 'LEAST_CONNECTIONS', 'SOURCE_IP', 'QUIC_CID'], {
    default: 'ROUND_ROBIN',
  }),
  session_persistence: nullable(SessionPersistenceSchema, 'a client keeps its member'),
  deregistration_delay: nullable(
    Type.Integer({ minimum: 0, maximum: 4000 }),
    'seconds, 0: cut at once; default 300, but failed health cuts at once',
  ),
  healthmonitor: nullable(HealthMonitorSchema, 'null: members count as up'),
  members: Type.Array(MemberSchema, { default: [] }),
};

export const InlinePoolSchema = Type.Object(poolSettings, strict);
export const PoolSchema = Type.Object({ name, ...poolSettings }, strict);

export const ListenerSchema = Type.Object(
  {
    name,
    protocol: oneOf(['TCP', 'UDP']),
    protocol_port: Type.Union([port, text('ports')], {
      description: '1-65535, "8000-8999" or all',
    }),
    forwarding_mode: oneOf(['fullnat', 'dnat'], { default: 'fullnat' }),
    client_address: Type.Optional(oneOf(['toa', 'none'])),
    toa: Type.Object(
      { kind: Type.Unsafe<254 | 200 | 253 | 28>({ enum: [254, 200, 253, 28], default: 254 }) },
      { ...strict, default: {} },
    ),
    idle_timeout: Type.Integer({
      minimum: 10,
      maximum: 4000,
      default: 300,
      description: 'seconds',
    }),
    connection_limit: Type.Integer({
      minimum: -1,
      maximum: 2147483647,
      default: -1,
      description: '-1: none',
    }),
    allowed_cidrs: nullable(cidrs, 'only these clients; []: nobody'),
    denied_cidrs: nullable(cidrs, 'not these clients; excludes allowed_cidrs'),
    admin_state_up: adminStateUp,
    pool: Type.Union([text('name'), InlinePoolSchema], {
      description: 'the name of an entry of pools, or a pool',
    }),
  },
  strict,
);

export const LoadBalancerSchema = Type.Object(
  {
    name,
    vip_addresses: Type.Array(text('address'), { minItems: 1 }),
    admin_state_up: adminStateUp,
    snat_addresses: nullable(snatAddresses, "overrides the gateway's"),
    listeners: Type.Array(ListenerSchema, { default: [] }),
  },
  strict,
);

export const GatewaySchema = Type.Object(
  {
    interfaces: Type.Array(text('interface'), {
      minItems: 1,
      description: 'where the XDP program attaches',
    }),
    xdp_mode: oneOf(['auto', 'native', 'generic'], { default: 'auto' }),
    max_connections: Type.Integer({
      minimum: 1024,
      maximum: 50_000_000,
      default: 1_000_000,
      description: 'tracked connections; sizes the maps',
    }),
    snat_addresses: Type.Array(text('cidr'), {
      default: [],
      description: 'addresses or CIDRs owned by this gateway, sources towards members',
    }),
    stray_packets: oneOf(['rst', 'drop'], { default: 'rst' }),
    api: Type.Object(
      {
        socket: text('socket', { default: '/run/clearnat/api.sock' }),
        listen: nullable(text('listen'), 'address:port, needs token_file'),
        token_file: nullable(text('file'), 'bearer tokens'),
      },
      { ...strict, default: {} },
    ),
    metrics: Type.Object(
      {
        listen: Type.Union([text('listen'), Type.Null()], { default: '127.0.0.1:9464' }),
      },
      { ...strict, default: {} },
    ),
  },
  strict,
);

export const ConfigSchema = Type.Object(
  {
    gateway: GatewaySchema,
    pools: Type.Array(PoolSchema, { default: [] }),
    loadbalancers: Type.Array(LoadBalancerSchema, { default: [] }),
  },
  strict,
);

export type RawConfig = Static<typeof ConfigSchema>;
export type RawGateway = Static<typeof GatewaySchema>;
export type RawLoadBalancer = Static<typeof LoadBalancerSchema>;
export type RawListener = Static<typeof ListenerSchema>;
export type RawPool = Static<typeof InlinePoolSchema>;
export type RawMember = Static<typeof MemberSchema>;
export type RawHealthMonitor = Static<typeof HealthMonitorSchema>;
