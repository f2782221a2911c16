// The gateway's maps by role, with their layouts. bpf/gateway/maps.h says what
// each holds and who writes it.
import type { BpfMap } from '../native/types.js';
import * as abi from './abi.js';
import { ArrayMap, HashMap } from './typed-map.js';

/** How many entries each kind of thing may have; fixed when the maps are made. */
export interface Sizes {
  connections: number;
  listeners: number;
  pools: number;
  members: number;
  dests: number;
  schedule: number;
  snatSets: number;
  vips: number;
}

/** Entries per map, by the map's name in bpf/gateway/maps.h. */
export function mapSizes(sizes: Sizes): Record<string, number> {
  return {
    flows4: sizes.connections * 2,
    vips: sizes.vips,
    listeners: sizes.listeners,
    listener_traffic: sizes.listeners,
    listener_conns: sizes.listeners,
    pools: sizes.pools,
    members: sizes.members,
    member_traffic: sizes.members,
    member_conns: sizes.members,
    dests: sizes.dests,
    // Every chunk but one per destination is full before the next is made.
    snat_chunks: sizes.dests + Math.ceil(sizes.connections / abi.limits.CHUNK_PORTS) * 2 + 64,
    schedule: sizes.schedule,
    snat_sets: sizes.snatSets,
  };
}

/** Maps that outlive the daemon. `progs` belongs to one load and is pinned apart. */
export const PINNED = [
  'flows4',
  'vips',
  'listeners',
  'pools',
  'schedule',
  'members',
  'dests',
  'snat_chunks',
  'snat_addrs',
  'snat_sets',
  'addr_filters',
  'globals',
  'listener_traffic',
  'member_traffic',
  'listener_conns',
  'member_conns',
  'drops',
  'events',
] as const;

export interface Maps {
  flows4: HashMap<typeof abi.flow4_key, typeof abi.flow4>;
  vips: BpfMap;
  listeners: ArrayMap<typeof abi.listener>;
  pools: ArrayMap<typeof abi.pool>;
  schedule: BpfMap;
  members: ArrayMap<typeof abi.member>;
  dests: ArrayMap<typeof abi.dest>;
  snatChunks: HashMap<typeof abi.chunk_key, typeof abi.snat_chunk>;
  snatAddrs: ArrayMap<typeof abi.snat_addr>;
  snatSets: ArrayMap<typeof abi.snat_set>;
  addrFilters: BpfMap;
  globals: ArrayMap<typeof abi.globals>;
  listenerTraffic: BpfMap;
  memberTraffic: BpfMap;
  listenerConns: ArrayMap<typeof abi.conn_count>;
  memberConns: ArrayMap<typeof abi.conn_count>;
  drops: BpfMap;
  events: BpfMap;
}

export function typedMaps(map: (name: string) => BpfMap): Maps {
  return {
    flows4: new HashMap(map('flows4'), abi.flow4_key, abi.flow4),
    vips: map('vips'),
    listeners: new ArrayMap(map('listeners'), abi.listener),
    pools: new ArrayMap(map('pools'), abi.pool),
    schedule: map('schedule'),
    members: new ArrayMap(map('members'), abi.member),
    dests: new ArrayMap(map('dests'), abi.dest),
    snatChunks: new HashMap(map('snat_chunks'), abi.chunk_key, abi.snat_chunk),
    snatAddrs: new ArrayMap(map('snat_addrs'), abi.snat_addr),
    snatSets: new ArrayMap(map('snat_sets'), abi.snat_set),
    addrFilters: map('addr_filters'),
    globals: new ArrayMap(map('globals'), abi.globals),
    listenerTraffic: map('listener_traffic'),
    memberTraffic: map('member_traffic'),
    listenerConns: new ArrayMap(map('listener_conns'), abi.conn_count),
    memberConns: new ArrayMap(map('member_conns'), abi.conn_count),
    drops: map('drops'),
    events: map('events'),
  };
}
