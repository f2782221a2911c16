// Listeners, the addresses they are found by, and the SNAT addresses they use.

import type { Config } from '../config/model.js';
import { listener_flag } from '../dataplane/abi.js';
import {
  compileListener,
  compileSnatSet,
  deregistrationDelay,
  isUp,
  snatAddresses,
  vipKeys,
} from './compile.js';
import type { ListenerRow, VipKey } from './dataplane-port.js';
import { listenerName, vipName } from './names.js';
import type { PlanContext } from './plan-context.js';
import { sameRow } from './tables.js';

export interface ListenerUnits {
  ids: Set<number>;
  /** Seconds, by listener id. */
  delays: Map<number, number>;
  vipAddresses: Set<string>;
  snatSets: Set<number>;
  /** Pools whose members a DNAT listener uses or used: its connections outlive a change of mode. */
  dnatPools: Set<number>;
}

export const noListeners = (): ListenerUnits => ({
  ids: new Set(),
  delays: new Map(),
  vipAddresses: new Set(),
  snatSets: new Set(),
  dnatPools: new Set(),
});

interface WantedVip {
  key: VipKey;
  listener: number;
  /** Ports of the range the key comes from: the smaller range wins. */
  span: number;
}

export function planListeners(
  context: PlanContext,
  config: Config,
  former: ListenerUnits,
): ListenerUnits {
  const { tables, ids, plan, book } = context;
  planSnatAddrs(context, config);
  const pools = new Map(config.pools.map((pool) => [pool.name, pool]));
  const units = noListeners();
  for (const id of former.dnatPools)
    if (ids.pools.nameOf(id) !== undefined) units.dnatPools.add(id);
  for (const row of tables.listeners.values()) noteDnat(units, row);
  const wanted = new Map<string, WantedVip>();
  for (const lb of config.loadbalancers) {
    for (const listener of lb.listeners) {
      const id = ids.listeners.acquire(listenerName(lb, listener));
      const row = compileListener(config.gateway, lb, listener, ids);
      const pool = pools.get(listener.pool);
      const delay = pool ? deregistrationDelay(pool) : 0;
      units.ids.add(id);
      units.delays.set(id, delay);
      units.snatSets.add(row.snat_set);
      noteDnat(units, row);
      if (!sameRow(tables.listeners.get(id), row)) plan.add({ op: 'setListener', id, row });
      const up = isUp(lb, listener);
      context.after(() =>
        up ? book.stop('listeners', id) : book.start('listeners', id, delay, false),
      );
      const span = listener.protocol_port.last - listener.protocol_port.first;
      for (const key of vipKeys(lb, listener)) claim(wanted, { key, listener: id, span });
    }
  }
  planSnatSets(context, units);
  for (const { key } of wanted.values()) units.vipAddresses.add(key.addr);
  planVips(context, wanted, units, former);
  planRetired(context, units, former);
  return units;
}

function noteDnat(units: ListenerUnits, row: ListenerRow): void {
  if (row.flags & listener_flag.LISTENER_DNAT) units.dnatPools.add(row.pool);
}

function claim(wanted: Map<string, WantedVip>, vip: WantedVip): void {
  const name = vipName(vip.key);
  const rival = wanted.get(name);
  if (!rival || vip.span < rival.span) wanted.set(name, vip);
}

function planVips(
  context: PlanContext,
  wanted: Map<string, WantedVip>,
  units: ListenerUnits,
  former: ListenerUnits,
): void {
  const { tables, plan, book } = context;
  for (const [name, { key, listener }] of wanted)
    if (tables.vips.get(name)?.listener !== listener) plan.add({ op: 'setVip', key, listener });
  for (const addr of units.vipAddresses) context.after(() => book.stop('vips', addr));
  for (const [name, { key, listener }] of tables.vips) {
    if (!wanted.has(name)) plan.add({ op: 'deleteVip', key });
    if (units.vipAddresses.has(key.addr)) continue;
    const delay = former.delays.get(listener) ?? book.listeners.get(listener)?.delay ?? 300;
    context.after(() => book.start('vips', key.addr, delay, true));
  }
}

function planRetired(
  { tables, plan, book, after }: PlanContext,
  units: ListenerUnits,
  former: ListenerUnits,
): void {
  for (const [id, row] of tables.listeners) {
    if (units.ids.has(id)) continue;
    const retired = { ...row, flags: row.flags & ~listener_flag.LISTENER_UP };
    if (!sameRow(row, retired)) plan.add({ op: 'retireListener', id, row: retired });
    const delay = former.delays.get(id) ?? book.listeners.get(id)?.delay ?? 300;
    after(() => book.start('listeners', id, delay, true));
  }
}

function planSnatAddrs({ tables, ids, plan, book, after }: PlanContext, config: Config): void {
  const wanted = new Set<number>();
  for (const addr of snatAddresses(config)) {
    const id = ids.snatAddrs.acquire(addr);
    wanted.add(id);
    if (tables.snatAddrs.get(id) !== addr) plan.add({ op: 'setSnatAddr', id, addr });
    after(() => book.stop('snatAddrs', id));
  }
  for (const id of tables.snatAddrs.keys())
    if (!wanted.has(id))
      after(() => book.start('snatAddrs', id, book.snatAddrs.get(id)?.delay ?? 300, true));
}

/** Sets that some listener uses, a retired one included; the others go. */
function planSnatSets({ tables, ids, plan }: PlanContext, units: ListenerUnits): void {
  const used = new Set(units.snatSets);
  for (const [id, row] of tables.listeners) if (!units.ids.has(id)) used.add(row.snat_set);
  for (const [name, id] of ids.snatSets.entries()) {
    if (!used.has(id)) continue;
    const row = compileSnatSet(name, ids);
    if (!sameRow(tables.snatSets.get(id), row)) plan.add({ op: 'setSnatSet', id, row });
  }
  for (const id of tables.snatSets.keys()) if (!used.has(id)) plan.add({ op: 'deleteSnatSet', id });
}
