// A data plane made of Maps, which checks after every call that nothing a
// program could follow leads to something unset.

import assert from 'node:assert/strict';
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
} from '../../../../src/control/dataplane-port.js';
import { vipName } from '../../../../src/control/names.js';

export const LIMITS: Limits = {
  listeners: 20_001,
  pools: 20_001,
  members: 200_001,
  dests: 200_000,
  schedule: 1 << 22,
  snatAddrs: 256,
  snatSets: 256,
  vips: 100_000,
};

const NO_TRAFFIC: Traffic = { packets_in: 0, bytes_in: 0, packets_out: 0, bytes_out: 0 };

export class MemoryPort implements DataplanePort {
  readonly hz = 250;
  readonly vips = new Map<string, { key: VipKey; listener: number }>();
  readonly listeners = new Map<number, ListenerRow>();
  readonly pools = new Map<number, PoolRow>();
  readonly members = new Map<number, MemberRow>();
  readonly snatAddrs = new Map<number, string>();
  readonly snatSets = new Map<number, SnatSetRow>();
  readonly classes = new Map<string, number>();
  readonly schedule: Uint32Array;
  flows: Connection[] = [];
  expired: { connection: Connection; reason: number }[] = [];
  calls = 0;
  jiffies = 1_000_000;
  generation = 0;
  /** The filter still says what a former daemon wrote. */
  inheritedFilter = false;
  /** Throws at the n-th call from now. */
  failIn = Number.POSITIVE_INFINITY;
  noNeighbour: (event: NoNeighbour) => void = () => {};

  constructor(
    readonly limits: Limits = LIMITS,
    private readonly checking = true,
  ) {
    this.schedule = new Uint32Array(limits.schedule);
  }

  /** What a new daemon finds: entries, but not what the former one counted. */
  restart(): void {
    this.classes.clear();
    this.inheritedFilter = true;
  }

  async snapshot(): Promise<Snapshot> {
    const { listeners, pools, members, snatAddrs, snatSets } = this;
    return {
      vips: [...this.vips.values()],
      listeners: new Map(listeners),
      pools: new Map(pools),
      members: new Map(members),
      snatAddrs: new Map(snatAddrs),
      snatSets: new Map(snatSets),
    };
  }

  readSchedule(offset: number, length: number): Uint32Array {
    return this.schedule.slice(offset, offset + length);
  }

  setVip(key: VipKey, listener: number): void {
    this.#do(() => this.vips.set(vipName(key), { key, listener }));
    if (!this.checking) return;
    assert.ok(this.listeners.has(listener), `vip leads to unset listener ${listener}`);
    assert.ok(
      this.inheritedFilter || this.classes.has(`1 ${key.addr}`),
      `vip ${key.addr} is not in the address filter`,
    );
  }

  deleteVip(key: VipKey): void {
    this.#do(() => assert.ok(this.vips.delete(vipName(key)), `no vip ${vipName(key)}`));
  }

  setListener(id: number, row: ListenerRow): void {
    this.#do(() => this.listeners.set(id, row));
    if (!this.checking) return;
    assert.ok(this.pools.has(row.pool), `listener ${id} leads to unset pool ${row.pool}`);
    assert.ok(
      this.snatSets.has(row.snat_set),
      `listener ${id} leads to unset SNAT set ${row.snat_set}`,
    );
  }

  deleteListener(id: number): void {
    this.#do(() => this.listeners.delete(id));
    if (!this.checking) return;
    for (const [name, { listener }] of this.vips)
      assert.notEqual(listener, id, `vip ${name} leads to ${id}`);
  }

  setPool(id: number, row: PoolRow): void {
    this.#do(() => this.pools.set(id, row));
    if (this.checking) this.#checkPool(id);
  }

  deletePool(id: number): void {
    this.#do(() => this.pools.delete(id));
    if (!this.checking) return;
    for (const [listener, { pool }] of this.listeners)
      assert.notEqual(pool, id, `listener ${listener} leads to ${id}`);
  }

  writeSchedule(offset: number, members: Uint32Array): void {
    assert.ok(offset + members.length <= this.schedule.length);
    this.#do(() => this.schedule.set(members, offset));
    if (!this.checking) return;
    for (const [id, row] of this.pools)
      assert.ok(
        row.schedule_len === 0 ||
          row.schedule + row.schedule_len <= offset ||
          offset + members.length <= row.schedule,
        `schedule of pool ${id} overwritten while in use`,
      );
  }

  setMember(id: number, row: MemberRow): void {
    this.#do(() => this.members.set(id, row));
  }

  deleteMember(id: number): void {
    this.#do(() => this.members.delete(id));
    if (!this.checking) return;
    for (const pool of this.pools.keys()) this.#checkPool(pool);
  }

  resetDest(id: number): void {
    this.#do(() => {});
    for (const [member, { dest }] of this.members)
      assert.notEqual(dest, id, `dest of member ${member} reset`);
  }

  setSnatAddr(index: number, addr: string): void {
    this.#do(() => this.snatAddrs.set(index, addr));
  }

  deleteSnatAddr(index: number): void {
    this.#do(() => this.snatAddrs.delete(index));
  }

  setSnatSet(id: number, row: SnatSetRow): void {
    this.#do(() => this.snatSets.set(id, row));
    for (let bit = 0; bit < this.limits.snatAddrs; bit++)
      if (((row.mask4 | row.mask6) >> BigInt(bit)) & 1n)
        assert.ok(this.snatAddrs.has(bit), `set ${id}: ${bit} unset`);
  }

  deleteSnatSet(id: number): void {
    this.#do(() => this.snatSets.delete(id));
    for (const [listener, row] of this.listeners)
      assert.notEqual(row.snat_set, id, `set of ${listener} deleted`);
  }

  changeAddressClasses(add: AddressClass[], remove: AddressClass[]): void {
    this.#do(() => {
      this.inheritedFilter = false;
      const change = (list: AddressClass[], by: number) => {
        for (const entry of list) {
          const name = `${entry.class} ${entry.addr}`;
          const count = (this.classes.get(name) ?? 0) + by;
          assert.ok(count === 0 || count === 1, `${name} added or removed twice`);
          if (count === 0) this.classes.delete(name);
          else this.classes.set(name, count);
        }
      };
      change(add, 1);
      change(remove, -1);
    });
    for (const { key } of this.vips.values())
      assert.ok(this.classes.has(`1 ${key.addr}`), `${key.addr} filtered out`);
  }

  listenerTraffic = (): Traffic => NO_TRAFFIC;
  memberTraffic = (): Traffic => NO_TRAFFIC;
  listenerConns = (id: number): ConnCount => this.#count((flow) => flow.listener === id);
  memberConns = (id: number): ConnCount => this.#count((flow) => flow.memberId === id);
  drops = (): number[] => [];

  async *connections(
    select: (flow: FlowCursor) => boolean = () => true,
  ): AsyncIterable<Connection[]> {
    yield this.flows.filter((flow) =>
      select({
        state: flow.state,
        flags: flow.flags,
        listener: flow.listener,
        member: flow.memberId,
        snat: flow.snatIndex,
        last_seen: flow.lastSeenIn,
      }),
    );
  }

  expire(connections: Connection[], reason: number): Connection[] {
    const gone = new Set(connections);
    this.flows = this.flows.filter((flow) => !gone.has(flow));
    for (const connection of connections) this.expired.push({ connection, reason });
    return connections;
  }

  onNoNeighbour(listener: (event: NoNeighbour) => void): void {
    this.noNeighbour = listener;
  }

  currentJiffies = (): number => this.jiffies;
  bumpFibGeneration(): void {
    this.generation++;
  }
  heartbeat(): void {}

  #count(matches: (flow: Connection) => boolean): ConnCount {
    const active = this.flows.filter(matches).length;
    return { total: active, active, inactive: 0 };
  }

  #checkPool(id: number): void {
    const row = this.pools.get(id);
    if (!row) return;
    for (const member of this.schedule.subarray(row.schedule, row.schedule + row.schedule_len))
      assert.equal(
        this.members.get(member)?.pool,
        id,
        `pool ${id} picks member ${member} of nobody or another`,
      );
  }

  #do(action: () => void): void {
    if (--this.failIn <= 0) {
      this.failIn = Number.POSITIVE_INFINITY;
      throw new Error('the kernel refused');
    }
    this.calls++;
    action();
  }
}
