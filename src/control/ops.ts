// The smallest changes to the maps, and the order in which they are safe: a
// program that runs in between never follows a number to something unset.

import type {
  AddressClass,
  DataplanePort,
  ListenerRow,
  MemberRow,
  PoolRow,
  SnatSetRow,
  VipKey,
} from './dataplane-port.js';

export type Op =
  | { op: 'setSnatAddr'; id: number; addr: string }
  | { op: 'setSnatSet'; id: number; row: SnatSetRow }
  | { op: 'addClasses'; classes: AddressClass[] }
  | { op: 'setMember'; id: number; row: MemberRow }
  | { op: 'writeSchedule'; at: number; order: Uint32Array }
  | { op: 'setPool'; id: number; row: PoolRow; order: Uint32Array }
  | { op: 'setListener'; id: number; row: ListenerRow }
  | { op: 'setVip'; key: VipKey; listener: number }
  | { op: 'deleteVip'; key: VipKey }
  | { op: 'retireListener'; id: number; row: ListenerRow }
  | { op: 'deleteListener'; id: number }
  | { op: 'retirePool'; id: number; row: PoolRow }
  | { op: 'deletePool'; id: number }
  | { op: 'retireMember'; id: number; row: MemberRow }
  | { op: 'deleteMember'; id: number }
  | { op: 'resetDest'; id: number }
  | { op: 'deleteSnatSet'; id: number }
  | { op: 'deleteSnatAddr'; id: number }
  | { op: 'removeClasses'; classes: AddressClass[] };

/** Additions from the bottom up, then removals from the top down. */
const ORDER: readonly Op['op'][] = [
  'setSnatAddr',
  'setSnatSet',
  'addClasses',
  'setMember',
  'writeSchedule',
  'setPool',
  'setListener',
  'setVip',
  'deleteVip',
  'retireListener',
  'deleteListener',
  'retirePool',
  'deletePool',
  'retireMember',
  'deleteMember',
  'resetDest',
  'deleteSnatSet',
  'deleteSnatAddr',
  'removeClasses',
];

const RANK = new Map(ORDER.map((op, rank) => [op, rank]));

export class Plan {
  readonly #byRank: Op[][] = ORDER.map(() => []);

  add(op: Op): void {
    this.#byRank[RANK.get(op.op) as number]?.push(op);
  }

  get ops(): Op[] {
    return this.#byRank.flat();
  }

  get empty(): boolean {
    return this.#byRank.every((ops) => ops.length === 0);
  }
}

export function applyOp(port: DataplanePort, op: Op): void | Promise<void> {
  switch (op.op) {
    case 'setSnatAddr':
      port.setSnatAddr(op.id, op.addr);
      break;
    case 'setSnatSet':
      port.setSnatSet(op.id, op.row);
      break;
    case 'addClasses':
      port.changeAddressClasses(op.classes, []);
      break;
    case 'removeClasses':
      port.changeAddressClasses([], op.classes);
      break;
    case 'setMember':
    case 'retireMember':
      port.setMember(op.id, op.row);
      break;
    case 'writeSchedule':
      return port.writeSchedule(op.at, op.order);
    case 'setPool':
    case 'retirePool':
      port.setPool(op.id, op.row);
      break;
    case 'setListener':
    case 'retireListener':
      port.setListener(op.id, op.row);
      break;
    case 'setVip':
      port.setVip(op.key, op.listener);
      break;
    case 'deleteVip':
      port.deleteVip(op.key);
      break;
    case 'deleteListener':
      port.deleteListener(op.id);
      break;
    case 'deletePool':
      port.deletePool(op.id);
      break;
    case 'deleteMember':
      port.deleteMember(op.id);
      break;
    case 'resetDest':
      port.resetDest(op.id);
      break;
    case 'deleteSnatSet':
      port.deleteSnatSet(op.id);
      break;
    case 'deleteSnatAddr':
      port.deleteSnatAddr(op.id);
      break;
  }
}
