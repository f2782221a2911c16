// Taking over from a former daemon. The maps tell everything but the names of
// listeners and pools; those come from the state file, and where it is missing
// from the configuration: a listener keeps its id when one of its addresses and
// ports still leads to it, a pool when such a listener used it. Whatever gets no
// name this way is retired and released when its last connection ends.

import type { Config } from '../config/model.js';
import { vipKeys } from './compile.js';
import type { DataplanePort } from './dataplane-port.js';
import { DRAIN_KINDS, type DrainBook } from './drain-book.js';
import { Identities } from './identities.js';
import type { IdSpace } from './ids.js';
import { destName, listenerName, memberName, variantName, vipName } from './names.js';
import type { State } from './state-file.js';
import { Tables } from './tables.js';

export interface Adopted {
  tables: Tables;
  ids: Identities;
}

export async function adopt(port: DataplanePort, state: State, config: Config): Promise<Adopted> {
  const tables = Tables.fromSnapshot(await port.snapshot(), (at, length) =>
    port.readSchedule(at, length),
  );
  const ids = new Identities(port.limits);
  const hints = namesFromConfig(tables, config);
  for (const id of tables.listeners.keys())
    name(ids.listeners, id, state.listeners[id] ?? hints.listeners.get(id));
  for (const id of poolsInUse(tables)) name(ids.pools, id, state.pools[id] ?? hints.pools.get(id));
  for (const [id, row] of tables.members) {
    name(ids.members, id, memberName(ids.pools.nameOf(row.pool) ?? '', `${row.addr} ${row.port}`));
    ids.dests.assign(destName(row.proto, row.addr, row.port), row.dest);
  }
  for (const [id, addr] of tables.snatAddrs) name(ids.snatAddrs, id, addr);
  for (const [id, row] of tables.snatSets)
    name(ids.snatSets, id, bits(row.mask4 | row.mask6).join(','));
  return { tables, ids };
}

/** What a former daemon was draining, as far as the maps still know it. */
export function adoptDrains(book: DrainBook, state: State, tables: Tables): void {
  book.load(state.drains);
  for (const kind of DRAIN_KINDS) {
    if (kind === 'vips') continue;
    for (const id of book[kind].keys()) if (!tables[kind].has(Number(id))) book.stop(kind, id);
  }
}

/** No entry stays without a name: its number must not be given to somebody else. */
function name(space: IdSpace, id: number, wanted: string | undefined): void {
  if (wanted === undefined || !space.assign(wanted, id)) space.assign(`?${id}`, id);
}

function poolsInUse(tables: Tables): Set<number> {
  const ids = new Set(tables.pools.keys());
  for (const row of tables.listeners.values()) ids.add(row.pool);
  for (const row of tables.members.values()) ids.add(row.pool);
  return ids;
}

function namesFromConfig(tables: Tables, config: Config) {
  const listeners = new Map<number, string>();
  const pools = new Map<number, string>();
  for (const lb of config.loadbalancers)
    for (const listener of lb.listeners)
      for (const key of vipKeys(lb, listener)) {
        const id = tables.vips.get(vipName(key))?.listener;
        const row = id === undefined ? undefined : tables.listeners.get(id);
        if (id === undefined || !row || listeners.has(id)) continue;
        listeners.set(id, listenerName(lb, listener));
        pools.set(row.pool, variantName(listener.protocol, listener.pool));
      }
  return { listeners, pools };
}

function bits(mask: bigint): number[] {
  const set: number[] = [];
  for (let bit = 0; mask >> BigInt(bit) > 0n; bit++) if ((mask >> BigInt(bit)) & 1n) set.push(bit);
  return set;
}
