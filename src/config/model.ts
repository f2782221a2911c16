// What a valid configuration looks like after defaults: plain objects, no
// nulls where a default exists, addresses in canonical text form. SPEC section 2.

export type Protocol = 'TCP' | 'UDP';
export type ForwardingMode = 'fullnat' | 'dnat';
export type LbAlgorithm = 'ROUND_ROBIN' | 'LEAST_CONNECTIONS' | 'SOURCE_IP' | 'QUIC_CID';
export type HealthMonitorType = 'TCP' | 'HTTP' | 'HTTPS' | 'UDP_CONNECT' | 'PING';

export interface Config {
  gateway: Gateway;
  loadbalancers: LoadBalancer[];
  /** Every pool, shared and inline; inline ones are named "loadbalancer/listener". */
  pools: Pool[];
}

export interface Gateway {
  interfaces: string[];
  xdp_mode: 'auto' | 'native' | 'generic';
  max_connections: number;
  /** Single addresses: CIDRs are expanded. */
  snat_addresses: string[];
  stray_packets: 'rst' | 'drop';
  api: { socket: string; listen: string | null; token_file: string | null };
  metrics: { listen: string | null };
}

export interface LoadBalancer {
  name: string;
  vip_addresses: string[];
  admin_state_up: boolean;
  /** Expanded; null: the gateway's. */
  snat_addresses: string[] | null;
  listeners: Listener[];
}

/** Inclusive; `all` is 1-65535. */
export interface PortRange {
  first: number;
  last: number;
}

export interface Listener {
  name: string;
  protocol: Protocol;
  protocol_port: PortRange;
  forwarding_mode: ForwardingMode;
  client_address: 'toa' | 'none';
  toa: { kind: 254 | 200 | 253 | 28 };
  idle_timeout: number;
  connection_limit: number;
  allowed_cidrs: string[] | null;
  denied_cidrs: string[] | null;
  admin_state_up: boolean;
  /** Name of an entry of Config.pools. */
  pool: string;
}

export interface Pool {
  name: string;
  lb_algorithm: LbAlgorithm;
  session_persistence: { type: 'SOURCE_IP'; persistence_timeout: number } | null;
  /** Seconds; null: not set explicitly (default 300, but failed health cuts at once). */
  deregistration_delay: number | null;
  healthmonitor: HealthMonitor | null;
  members: Member[];
}

export interface HealthMonitor {
  type: HealthMonitorType;
  delay: number;
  timeout: number;
  max_retries: number;
  max_retries_down: number;
  monitor_port: number | null;
  http_method: string;
  url_path: string;
  domain_name: string | null;
  expected_codes: string;
}

export interface Member {
  name: string;
  address: string;
  protocol_port: number;
  weight: number;
  admin_state_up: boolean;
}
