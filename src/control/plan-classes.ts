// Which addresses the programs look at: VIPs, SNAT addresses and DNAT members,
// those of retired ones too while connections may use them.

import { addr_class } from '../dataplane/abi.js';
import type { AddressClass } from './dataplane-port.js';
import type { PlanContext } from './plan-context.js';
import type { ListenerUnits } from './plan-listeners.js';
import type { PoolUnit } from './plan-pools.js';
import { className } from './tables.js';

export function planClasses(
  { tables, plan, book, ids }: PlanContext,
  listeners: ListenerUnits,
  units: Iterable<PoolUnit>,
): void {
  const wanted = new Map<string, AddressClass>();
  const want = (addr: string, kind: number) => {
    const entry = { addr, class: kind };
    wanted.set(className(entry), entry);
  };
  for (const addr of listeners.vipAddresses) want(addr, addr_class.ADDR_OURS);
  for (const { key } of tables.vips.values()) {
    if (!listeners.vipAddresses.has(key.addr)) want(key.addr, addr_class.ADDR_OURS);
  }
  for (const addr of book.vips.keys()) want(String(addr), addr_class.ADDR_OURS);
  for (const [addr] of ids.snatAddrs.entries()) want(addr, addr_class.ADDR_OURS);
  wantDnatMembers(want, tables, listeners, units);
  const add = [...wanted.values()].filter((entry) => !tables.classes.has(className(entry)));
  const remove = [...tables.classes.values()].filter((entry) => !wanted.has(className(entry)));
  if (add.length > 0) plan.add({ op: 'addClasses', classes: add });
  if (remove.length > 0) plan.add({ op: 'removeClasses', classes: remove });
}

function wantDnatMembers(
  want: (addr: string, kind: number) => void,
  tables: PlanContext['tables'],
  listeners: ListenerUnits,
  units: Iterable<PoolUnit>,
): void {
  const pools = listeners.dnatPools;
  if (pools.size === 0) return;
  for (const { compiled } of units) {
    if (!pools.has(compiled.id)) continue;
    for (const { row } of compiled.members) want(row.addr, addr_class.ADDR_SOURCE);
  }
  for (const row of tables.members.values())
    if (pools.has(row.pool)) want(row.addr, addr_class.ADDR_SOURCE);
}
