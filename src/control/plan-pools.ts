// Pools: members, pick orders, and members that left.

import type { Config, Listener, Pool, Protocol } from '../config/model.js';
import { member_flag } from '../dataplane/abi.js';
import { type CompiledPool, compilePool, deregistrationDelay } from './compile.js';
import type { MemberRow } from './dataplane-port.js';
import { variantName } from './names.js';
import type { PlanContext } from './plan-context.js';
import { sameOrder, sameRow } from './tables.js';

/** A pool as one protocol uses it, and what it came from. */
export interface PoolUnit {
  pool: Pool;
  protocol: Protocol;
  compiled: CompiledPool;
  memberIds: Set<number>;
}

export function usedVariants(config: Config): Map<string, { pool: Pool; protocol: Protocol }> {
  const pools = new Map(config.pools.map((pool) => [pool.name, pool]));
  const used = new Map<string, { pool: Pool; protocol: Protocol }>();
  const use = ({ protocol, pool: name }: Listener) => {
    const pool = pools.get(name);
    if (!pool) throw new Error(`pool "${name}" is not in the configuration`);
    used.set(variantName(protocol, name), { pool, protocol });
  };
  for (const lb of config.loadbalancers) for (const listener of lb.listeners) use(listener);
  return used;
}

/** What the maps depend on: health monitors are not among it, but for being there or not. */
export function samePool(a: Pool, b: Pool): boolean {
  if (a === b) return true;
  return (
    a.name === b.name &&
    a.lb_algorithm === b.lb_algorithm &&
    a.deregistration_delay === b.deregistration_delay &&
    a.session_persistence?.persistence_timeout === b.session_persistence?.persistence_timeout &&
    (a.healthmonitor === null) === (b.healthmonitor === null) &&
    a.members.length === b.members.length &&
    a.members.every((member, index) => sameRow(member, b.members[index] as (typeof b.members)[0]))
  );
}

/** Plans one pool; former is what the last plan made of it. */
export function planPool(
  context: PlanContext,
  pool: Pool,
  protocol: Protocol,
  former?: PoolUnit,
): PoolUnit {
  const formerRow = (id: number) => context.tables.pools.get(id)?.row;
  const compiled = compilePool(pool, protocol, context.health, context.ids, formerRow);
  const memberIds = new Set(compiled.members.map((member) => member.id));
  for (const { id, row, drain } of compiled.members) {
    if (!sameRow(context.tables.members.get(id), row))
      context.plan.add({ op: 'setMember', id, row });
    context.after(() =>
      drain === null
        ? context.book.stop('members', id)
        : context.book.start('members', id, drain, false),
    );
  }
  planOrder(context, compiled);
  for (const id of former?.memberIds ?? [])
    if (!memberIds.has(id)) retireMember(context, id, deregistrationDelay(pool));
  return { pool, protocol, compiled, memberIds };
}

function planOrder(
  { tables, plan, allocate }: PlanContext,
  { id, row, order }: CompiledPool,
): void {
  const former = tables.pools.get(id);
  const sameRun = former !== undefined && sameOrder(former.order, order);
  const schedule = sameRun ? former.row.schedule : allocate(order.length);
  const full = { ...row, schedule };
  if (sameRun && sameRow(former.row, full)) return;
  if (!sameRun && order.length > 0) plan.add({ op: 'writeSchedule', at: schedule, order });
  plan.add({ op: 'setPool', id, row: full, order });
}

export function retireMember(context: PlanContext, id: number, delay: number): void {
  const former = context.tables.members.get(id);
  if (!former) return;
  const row: MemberRow = { ...former, flags: member_flag.MEMBER_DRAINING, weight: 0 };
  if (!sameRow(former, row)) context.plan.add({ op: 'retireMember', id, row });
  context.after(() => context.book.start('members', id, delay, true));
}

/** A pool that no listener uses any more: nothing is picked from it. */
export function retirePool(context: PlanContext, id: number, unit?: PoolUnit): void {
  const former = context.tables.pools.get(id);
  if (former && former.row.schedule_len > 0)
    context.plan.add({
      op: 'retirePool',
      id,
      row: { ...former.row, schedule: 0, schedule_len: 0 },
    });
  for (const member of unit?.memberIds ?? [])
    retireMember(context, member, deregistrationDelay(unit?.pool as Pool));
}

/** What the maps hold and no unit explains: left by a former daemon or a failed change. */
export function retireStrays(context: PlanContext, units: Iterable<PoolUnit>): void {
  const known = new Map([...units].map((unit) => [unit.compiled.id, unit]));
  for (const id of context.tables.pools.keys()) if (!known.has(id)) retirePool(context, id);
  for (const [id, row] of context.tables.members) {
    const unit = known.get(row.pool);
    if (!unit?.memberIds.has(id))
      retireMember(context, id, context.book.members.get(id)?.delay ?? 300);
  }
}
