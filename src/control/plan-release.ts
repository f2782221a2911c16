// The end of retired things: their connections are gone, so their entries,
// port space and numbers go too.

import type { DrainKind, DrainTarget } from './drain-book.js';
import type { PlanContext } from './plan-context.js';
import type { PoolUnit } from './plan-pools.js';

export function planRelease(
  context: PlanContext,
  targets: Iterable<[DrainKind, DrainTarget]>,
  units: Map<string, PoolUnit>,
): void {
  const { book, after } = context;
  const gone = {
    members: new Set<number>(),
    listeners: new Set<number>(),
    snatAddrs: new Set<number>(),
  };
  for (const [kind, target] of targets) {
    // It may have come back since.
    if (!book[kind].get(target)?.removed) continue;
    if (kind !== 'vips') gone[kind].add(Number(target));
    after(() => book.stop(kind, target));
  }
  releaseMembers(context, gone.members);
  for (const id of gone.listeners)
    if (context.tables.listeners.has(id)) context.plan.add({ op: 'deleteListener', id });
  for (const id of gone.snatAddrs)
    if (context.tables.snatAddrs.has(id)) context.plan.add({ op: 'deleteSnatAddr', id });
  releasePools(context, gone.members, gone.listeners, units);
  releaseSnatSets(context, gone.listeners);
}

function releaseMembers({ tables, plan }: PlanContext, members: Set<number>): void {
  const leaving = new Map<number, number>();
  for (const id of members) {
    const row = tables.members.get(id);
    if (!row) continue;
    plan.add({ op: 'deleteMember', id });
    leaving.set(row.dest, (leaving.get(row.dest) ?? 0) + 1);
  }
  for (const [id, count] of leaving)
    if (tables.destUsers.get(id) === count) plan.add({ op: 'resetDest', id });
}

function releasePools(
  { tables, plan }: PlanContext,
  members: Set<number>,
  listeners: Set<number>,
  units: Map<string, PoolUnit>,
): void {
  const used = new Set([...units.values()].map((unit) => unit.compiled.id));
  for (const [id, row] of tables.listeners) if (!listeners.has(id)) used.add(row.pool);
  for (const [id, row] of tables.members) if (!members.has(id)) used.add(row.pool);
  for (const id of tables.pools.keys()) if (!used.has(id)) plan.add({ op: 'deletePool', id });
}

function releaseSnatSets({ tables, plan }: PlanContext, listeners: Set<number>): void {
  const used = new Set<number>();
  for (const [id, row] of tables.listeners) if (!listeners.has(id)) used.add(row.snat_set);
  for (const id of tables.snatSets.keys()) if (!used.has(id)) plan.add({ op: 'deleteSnatSet', id });
}
