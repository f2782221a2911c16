// What the daemon knows the maps to hold. Changed only by note(), after the
// kernel took the same change.

import type {
  AddressClass,
  ListenerRow,
  MemberRow,
  PoolRow,
  Snapshot,
  SnatSetRow,
  VipKey,
} from './dataplane-port.js';
import { vipName } from './names.js';
import type { Op } from './ops.js';

export interface PoolState {
  row: PoolRow;
  /** Content of its run of the schedule. */
  order: Uint32Array;
}

const EMPTY = new Uint32Array(0);

export const className = (entry: AddressClass): string => `${entry.class} ${entry.addr}`;

export class Tables {
  readonly vips = new Map<string, { key: VipKey; listener: number }>();
  readonly listeners = new Map<number, ListenerRow>();
  readonly pools = new Map<number, PoolState>();
  readonly members = new Map<number, MemberRow>();
  readonly snatAddrs = new Map<number, string>();
  readonly snatSets = new Map<number, SnatSetRow>();
  readonly classes = new Map<string, AddressClass>();
  /** Members per dest. */
  readonly destUsers = new Map<number, number>();

  static fromSnapshot(
    snapshot: Snapshot,
    readSchedule: (at: number, length: number) => Uint32Array,
  ): Tables {
    const tables = new Tables();
    for (const { key, listener } of snapshot.vips) tables.vips.set(vipName(key), { key, listener });
    for (const [id, row] of snapshot.listeners) tables.listeners.set(id, row);
    for (const [id, row] of snapshot.pools)
      tables.pools.set(id, { row, order: readSchedule(row.schedule, row.schedule_len) });
    for (const [id, row] of snapshot.members) tables.#setMember(id, row);
    for (const [id, addr] of snapshot.snatAddrs) tables.snatAddrs.set(id, addr);
    for (const [id, row] of snapshot.snatSets) tables.snatSets.set(id, row);
    return tables;
  }

  note(op: Op): void {
    switch (op.op) {
      case 'setSnatAddr':
        this.snatAddrs.set(op.id, op.addr);
        break;
      case 'deleteSnatAddr':
        this.snatAddrs.delete(op.id);
        break;
      case 'setSnatSet':
        this.snatSets.set(op.id, op.row);
        break;
      case 'deleteSnatSet':
        this.snatSets.delete(op.id);
        break;
      case 'addClasses':
        for (const entry of op.classes) this.classes.set(className(entry), entry);
        break;
      case 'removeClasses':
        for (const entry of op.classes) this.classes.delete(className(entry));
        break;
      case 'setMember':
      case 'retireMember':
        this.#setMember(op.id, op.row);
        break;
      case 'deleteMember':
        this.#deleteMember(op.id);
        break;
      case 'setPool':
        this.pools.set(op.id, { row: op.row, order: op.order });
        break;
      case 'retirePool':
        this.pools.set(op.id, { row: op.row, order: EMPTY });
        break;
      case 'deletePool':
        this.pools.delete(op.id);
        break;
      case 'setListener':
      case 'retireListener':
        this.listeners.set(op.id, op.row);
        break;
      case 'deleteListener':
        this.listeners.delete(op.id);
        break;
      case 'setVip':
        this.vips.set(vipName(op.key), { key: op.key, listener: op.listener });
        break;
      case 'deleteVip':
        this.vips.delete(vipName(op.key));
        break;
      case 'writeSchedule':
      case 'resetDest':
        break;
    }
  }

  #setMember(id: number, row: MemberRow): void {
    this.#deleteMember(id);
    this.members.set(id, row);
    this.destUsers.set(row.dest, (this.destUsers.get(row.dest) ?? 0) + 1);
  }

  #deleteMember(id: number): void {
    const row = this.members.get(id);
    if (!row) return;
    this.members.delete(id);
    const users = (this.destUsers.get(row.dest) ?? 1) - 1;
    if (users > 0) this.destUsers.set(row.dest, users);
    else this.destUsers.delete(row.dest);
  }
}

/** For rows of numbers, bigints and texts. */
export function sameRow<T extends object>(a: T | undefined, b: T): boolean {
  if (a === undefined) return false;
  for (const name in b) if (a[name] !== b[name]) return false;
  return true;
}

export function sameOrder(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
