// The control plane's port over the real maps.

import {
  event_type,
  event as eventLayout,
  limits,
  listener as listenerLayout,
  member as memberLayout,
  pool as poolLayout,
  snat_addr,
  snat_set,
  traffic,
  vip_key,
} from '../dataplane/abi.js';
import { addressToBytes, bytesToAddress, ipv4ToString } from '../dataplane/address.js';
import { decode, encode, index, type Layout, type StructOf } from '../dataplane/codec.js';
import type { Dataplane } from '../dataplane/dataplane.js';
import { AddressFilter } from '../dataplane/filter.js';
import { sumPerCpu } from '../dataplane/typed-map.js';
import { addon } from '../native/index.js';
import type { BpfMap, RingBuffer } from '../native/types.js';
import { expireFlows, readFlows } from './bpf-flows.js';
import type {
  AddressClass,
  ConnCount,
  Connection,
  DataplanePort,
  FlowCursor,
  Limits,
  ListenerRow,
  MemberRow,
  NoNeighbour,
  PoolRow,
  Snapshot,
  SnatSetRow,
  Traffic,
  VipKey,
} from './dataplane-port.js';

const BPF_F_LOCK = 4;
/** More slots than this are written by a worker, in one call. */
const FEW_SLOTS = 256;

export class BpfPort implements DataplanePort {
  readonly limits: Limits;
  readonly hz: number;
  readonly #filter = new AddressFilter();
  readonly #snatIndices = new Set<number>();
  #events: RingBuffer | null = null;
  #noNeighbour: (event: NoNeighbour) => void = () => {};

  constructor(private readonly dataplane: Dataplane) {
    const { maps } = dataplane;
    const room = (map: BpfMap) => map.info.maxEntries;
    this.limits = {
      listeners: Math.min(maps.listeners.capacity, limits.MAX_LISTENERS),
      pools: maps.pools.capacity,
      members: maps.members.capacity,
      dests: maps.dests.capacity,
      schedule: room(maps.schedule),
      snatAddrs: maps.snatAddrs.capacity,
      snatSets: maps.snatSets.capacity,
      vips: room(maps.vips),
    };
    this.hz = dataplane.hz;
  }

  async snapshot(): Promise<Snapshot> {
    const { maps } = this.dataplane;
    const vips = await maps.vips.entries();
    const snatAddrs = await filled(maps.snatAddrs.raw, snat_addr);
    for (const id of snatAddrs.keys()) this.#snatIndices.add(id);
    const members = await filled(maps.members.raw, memberLayout);
    return {
      vips: Array.from({ length: vips.count }, (_, i) => ({
        key: decodeVipKey(vips.keys.subarray(i * vip_key.size)),
        listener: vips.values.readUInt32LE(i * 4),
      })),
      listeners: await filled(maps.listeners.raw, listenerLayout),
      pools: await filled(maps.pools.raw, poolLayout),
      members: new Map([...members].map(([id, row]) => [id, memberRow(row)])),
      snatAddrs: new Map([...snatAddrs].map(([id, { addr }]) => [id, bytesToAddress(addr)])),
      snatSets: new Map(
        [...(await filled(maps.snatSets.raw, snat_set))].map(([id, row]) => [id, snatSetRow(row)]),
      ),
    };
  }

  readSchedule(offset: number, length: number): Uint32Array {
    const { schedule } = this.dataplane.maps;
    return Uint32Array.from(
      { length },
      (_, i) => schedule.lookup(index(offset + i))?.readUInt32LE() ?? 0,
    );
  }

  setVip(key: VipKey, listener: number): void {
    this.dataplane.maps.vips.update(encodeVipKey(key), index(listener));
  }

  deleteVip(key: VipKey): void {
    this.dataplane.maps.vips.delete(encodeVipKey(key));
  }

  setListener(id: number, row: ListenerRow): void {
    this.dataplane.maps.listeners.set(id, row);
  }

  deleteListener(id: number): void {
    const { maps } = this.dataplane;
    maps.listeners.set(id, {});
    maps.listenerConns.set(id, {});
    zero(maps.listenerTraffic, id);
  }

  setPool(id: number, row: PoolRow): void {
    this.dataplane.maps.pools.set(id, { ...row, cursor: 0 }, BPF_F_LOCK);
  }

  deletePool(id: number): void {
    this.dataplane.maps.pools.set(id, {}, BPF_F_LOCK);
  }

  writeSchedule(offset: number, members: Uint32Array): void | Promise<void> {
    const { schedule } = this.dataplane.maps;
    const values = Buffer.from(members.buffer, members.byteOffset, members.byteLength);
    if (members.length <= FEW_SLOTS) {
      for (let i = 0; i < members.length; i++)
        schedule.update(index(offset + i), values.subarray(i * 4, i * 4 + 4));
      return;
    }
    const keys = Uint32Array.from({ length: members.length }, (_, i) => offset + i);
    return schedule.updateMany(Buffer.from(keys.buffer), values);
  }

  setMember(id: number, row: MemberRow): void {
    this.dataplane.maps.members.set(id, { ...row, addr: addressToBytes(row.addr) });
  }

  deleteMember(id: number): void {
    const { maps } = this.dataplane;
    maps.members.set(id, {});
    maps.memberConns.set(id, {});
    zero(maps.memberTraffic, id);
  }

  resetDest(id: number): void {
    const { maps } = this.dataplane;
    maps.dests.set(id, {});
    for (const snat of this.#snatIndices)
      for (let chunk = 0; chunk < limits.CHUNKS; chunk++)
        maps.snatChunks.delete({ dest: id, snat, chunk });
  }

  setSnatAddr(id: number, addr: string): void {
    this.#snatIndices.add(id);
    this.dataplane.maps.snatAddrs.set(id, { addr: addressToBytes(addr) });
  }

  deleteSnatAddr(id: number): void {
    this.dataplane.maps.snatAddrs.set(id, {});
  }

  setSnatSet(id: number, { mask4, mask6 }: SnatSetRow): void {
    this.dataplane.maps.snatSets.set(id, { mask4: words(mask4), mask6: words(mask6) });
  }

  deleteSnatSet(id: number): void {
    this.dataplane.maps.snatSets.set(id, {});
  }

  changeAddressClasses(add: AddressClass[], remove: AddressClass[]): void {
    for (const { addr, class: kind } of add) this.#filter.change(addressToBytes(addr), kind, 1);
    for (const { addr, class: kind } of remove) this.#filter.change(addressToBytes(addr), kind, -1);
    this.dataplane.maps.addrFilters.update(index(0), this.#filter.encode());
  }

  listenerTraffic(id: number): Traffic {
    return readTraffic(this.dataplane.maps.listenerTraffic, id);
  }

  memberTraffic(id: number): Traffic {
    return readTraffic(this.dataplane.maps.memberTraffic, id);
  }

  listenerConns(id: number): ConnCount {
    return this.dataplane.maps.listenerConns.get(id);
  }

  memberConns(id: number): ConnCount {
    return this.dataplane.maps.memberConns.get(id);
  }

  drops(): number[] {
    const { drops } = this.dataplane.maps;
    return Array.from({ length: drops.info.maxEntries }, (_, reason) => {
      const perCpu = drops.lookup(index(reason));
      let total = 0;
      for (let at = 0; perCpu && at < perCpu.length; at += 8)
        total += Number(perCpu.readBigUInt64LE(at));
      return total;
    });
  }

  connections(select: (flow: FlowCursor) => boolean = () => true): AsyncIterable<Connection[]> {
    return readFlows(this.dataplane.maps.flows4.raw, select);
  }

  expire(connections: Connection[], reason: number): Connection[] {
    return expireFlows(this.dataplane, connections, reason);
  }

  onNoNeighbour(listener: (event: NoNeighbour) => void): void {
    this.#noNeighbour = listener;
    this.#events ??= addon.ringBuffer(this.dataplane.maps.events, (record) => this.#take(record));
  }

  currentJiffies(): number {
    return this.dataplane.heartbeat() >>> 0;
  }

  heartbeat(): void {
    this.dataplane.heartbeat();
  }

  bumpFibGeneration(): void {
    this.dataplane.bumpFibGeneration();
  }

  close(): void {
    this.#events?.close();
    this.#events = null;
  }

  #take(record: Buffer): void {
    if (record.length < eventLayout.size) return;
    const { type, nexthop, ifindex } = decode(eventLayout, record);
    if (type === event_type.EVENT_NO_NEIGHBOUR)
      this.#noNeighbour({ ifindex, nexthop: ipv4ToString(nexthop) });
  }
}

/** The entries of an array map that are not all zero. */
async function filled<L extends Layout>(map: BpfMap, layout: L): Promise<Map<number, StructOf<L>>> {
  const { count, keys, values } = await map.entries();
  const rows = new Map<number, StructOf<L>>();
  const size = map.ioValueSize;
  const nothing = Buffer.alloc(size);
  for (let i = 0; i < count; i++) {
    const value = values.subarray(i * size, (i + 1) * size);
    if (!value.equals(nothing)) rows.set(keys.readUInt32LE(i * 4), decode(layout, value));
  }
  return rows;
}

function memberRow(row: StructOf<typeof memberLayout>): MemberRow {
  const { port, proto, flags, dest, weight, pool } = row;
  return {
    addr: bytesToAddress(row.addr),
    port,
    family: row.family === 6 ? 6 : 4,
    proto,
    flags,
    dest,
    weight,
    pool,
  };
}

function snatSetRow({ mask4, mask6 }: StructOf<typeof snat_set>): SnatSetRow {
  const whole = (parts: bigint[]) =>
    parts.reduce((mask, word, i) => mask | (word << BigInt(64 * i)), 0n);
  return { mask4: whole(mask4), mask6: whole(mask6) };
}

function words(mask: bigint): bigint[] {
  return [0n, 64n, 128n, 192n].map((shift) => BigInt.asUintN(64, mask >> shift));
}

function encodeVipKey({ addr, port, proto }: VipKey): Buffer {
  return encode(vip_key, { addr: addressToBytes(addr), port, proto });
}

function decodeVipKey(buffer: Buffer): VipKey {
  const { addr, port, proto } = decode(vip_key, buffer);
  return { addr: bytesToAddress(addr), port, proto };
}

function readTraffic(map: BpfMap, id: number): Traffic {
  return sumPerCpu(traffic, map.lookup(index(id)) ?? Buffer.alloc(0));
}

function zero(map: BpfMap, id: number): void {
  map.update(index(id), Buffer.alloc(map.ioValueSize));
}
