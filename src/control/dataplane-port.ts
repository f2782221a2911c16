// What the control plane needs of a data plane. Field names are those of
// bpf/shared.h; addresses are canonical text (IPv4 never mapped), ports host
// order, counters and 64-bit masks numbers and bigints respectively.
//
// Calls without a Promise are one or two short system calls.

export interface VipKey {
  addr: string;
  /** 0: every port. */
  port: number;
  /** IPPROTO_TCP 6, IPPROTO_UDP 17. */
  proto: number;
}

export interface ListenerRow {
  pool: number;
  /** listener_flag. */
  flags: number;
  idle_timeout: number;
  connection_limit: number;
  toa_kind: number;
  snat_set: number;
  acl: number;
}

export interface PoolRow {
  schedule: number;
  schedule_len: number;
  /** pool_algorithm. */
  algorithm: number;
  persistence_timeout: number;
}

export interface MemberRow {
  addr: string;
  port: number;
  family: 4 | 6;
  proto: number;
  /** member_flag. */
  flags: number;
  dest: number;
  weight: number;
  pool: number;
}

export interface SnatSetRow {
  /** Bit i: snat_addrs[i]. */
  mask4: bigint;
  mask6: bigint;
}

export interface AddressClass {
  addr: string;
  /** addr_class bits. */
  class: number;
}

/** One direction's worth of a flow entry, valid only during the call it is passed to. */
export interface FlowCursor {
  readonly state: number;
  readonly flags: number;
  readonly listener: number;
  readonly member: number;
  readonly snat: number;
  /** Low 32 bits of jiffies. */
  readonly last_seen: number;
}

export interface Endpoint {
  addr: string;
  port: number;
}

/** A connection: its client-side entry joined with its twin. */
export interface Connection {
  proto: number;
  client: Endpoint;
  vip: Endpoint;
  /** What the member sees as the source (DNAT: the client itself). */
  snat: Endpoint;
  member: Endpoint;
  state: number;
  /** Of the client-side entry. */
  flags: number;
  listener: number;
  memberId: number;
  snatIndex: number;
  /** Jiffies (low 32 bits) of the last packet from the client and to it. */
  lastSeenIn: number;
  lastSeenOut: number;
  /** Last acknowledgment number that the client, and the member, sent; 0: none. */
  ackIn: number;
  ackOut: number;
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
}

/** A next hop whose link-layer address the programs miss. */
export interface NoNeighbour {
  ifindex: number;
  nexthop: string;
}

export interface Traffic {
  packets_in: number;
  bytes_in: number;
  packets_out: number;
  bytes_out: number;
}

export interface ConnCount {
  total: number;
  active: number;
  inactive: number;
}

/** Number of entries that each kind of table holds; ids are below these. */
export interface Limits {
  listeners: number;
  pools: number;
  members: number;
  dests: number;
  schedule: number;
  snatAddrs: number;
  snatSets: number;
  vips: number;
}

/** What the maps hold when a daemon starts. Entries never set (all zero) are left out. */
export interface Snapshot {
  vips: { key: VipKey; listener: number }[];
  listeners: Map<number, ListenerRow>;
  pools: Map<number, PoolRow>;
  members: Map<number, MemberRow>;
  snatAddrs: Map<number, string>;
  snatSets: Map<number, SnatSetRow>;
}

export interface DataplanePort {
  readonly limits: Limits;
  readonly hz: number;

  snapshot(): Promise<Snapshot>;
  readSchedule(offset: number, length: number): Uint32Array;

  setVip(key: VipKey, listener: number): void;
  deleteVip(key: VipKey): void;
  setListener(id: number, row: ListenerRow): void;
  /** Zeroes the entry and its counters. */
  deleteListener(id: number): void;
  /** Under the pool's lock; the cursor starts at 0. */
  setPool(id: number, row: PoolRow): void;
  deletePool(id: number): void;
  /** A long run may be written by a worker. */
  writeSchedule(offset: number, members: Uint32Array): void | Promise<void>;
  setMember(id: number, row: MemberRow): void;
  /** Zeroes the entry and its counters. */
  deleteMember(id: number): void;
  /** Forgets the port space of a destination that nobody uses any more (chunks too). */
  resetDest(id: number): void;
  setSnatAddr(index: number, addr: string): void;
  deleteSnatAddr(index: number): void;
  setSnatSet(id: number, row: SnatSetRow): void;
  deleteSnatSet(id: number): void;
  /** Adds and takes away classes; an address is added and removed in pairs, per class. */
  changeAddressClasses(add: AddressClass[], remove: AddressClass[]): void;

  listenerTraffic(id: number): Traffic;
  memberTraffic(id: number): Traffic;
  listenerConns(id: number): ConnCount;
  memberConns(id: number): ConnCount;
  /** By number of bpf/drop_reasons.h. */
  drops(): number[];

  /**
   * Connections, in batches. select sees the client-side entry before it is
   * decoded; only what it accepts is joined with its twin and returned.
   */
  connections(select?: (flow: FlowCursor) => boolean): AsyncIterable<Connection[]>;
  /** Ends connections (idle ones unless a packet passed since they were read); returns those that ended. */
  expire(connections: Connection[], reason: number): Connection[];

  onNoNeighbour(listener: (event: NoNeighbour) => void): void;

  /** Low 32 bits of jiffies. */
  currentJiffies(): number;
  bumpFibGeneration(): void;
  heartbeat(): void;
}
