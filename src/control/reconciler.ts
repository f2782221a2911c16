// Makes the maps say what the configuration and the members' health ask for,
// by the smallest change. One call at a time: control.ts queues them.

import { setImmediate as breathe } from 'node:timers/promises';
import type { Config, Pool } from '../config/model.js';
import type { HealthView } from './compile.js';
import type { DataplanePort } from './dataplane-port.js';
import { DrainBook, type DrainKind, type DrainTarget } from './drain-book.js';
import { Identities } from './identities.js';
import { applyOp, type Op, Plan } from './ops.js';
import { planClasses } from './plan-classes.js';
import type { PlanContext } from './plan-context.js';
import { type ListenerUnits, noListeners, planListeners } from './plan-listeners.js';
import {
  type PoolUnit,
  planPool,
  retirePool,
  retireStrays,
  samePool,
  usedVariants,
} from './plan-pools.js';
import { planRelease } from './plan-release.js';
import { RunAllocator } from './runs.js';
import { Tables } from './tables.js';

/** Longest time the event loop is kept from everybody else. */
const SLICE_MS = 15;

export interface ReconcilerOptions {
  port: DataplanePort;
  health: HealthView;
  ids?: Identities;
  book?: DrainBook;
  tables?: Tables;
  now?: () => number;
}

export class Reconciler {
  readonly ids: Identities;
  readonly book: DrainBook;
  readonly tables: Tables;
  readonly runs: RunAllocator;
  readonly #port: DataplanePort;
  readonly #health: HealthView;
  #config: Config | null = null;
  #units = new Map<string, PoolUnit>();
  #listeners: ListenerUnits = noListeners();
  #unitsOfPool = new Map<string, string[]>();

  constructor(options: ReconcilerOptions) {
    this.#port = options.port;
    this.#health = options.health;
    this.ids = options.ids ?? new Identities(options.port.limits, options.now);
    this.book = options.book ?? new DrainBook(options.now);
    this.tables = options.tables ?? new Tables();
    this.runs = new RunAllocator(options.port.limits.schedule, options.now);
    for (const [id, { row }] of this.tables.pools) {
      if (this.runs.reserve(row.schedule, row.schedule_len)) continue;
      // Two pools in one place: nobody's writing; both get a place of their own.
      this.tables.pools.set(id, {
        row: { ...row, schedule: 0, schedule_len: 0 },
        order: new Uint32Array(0),
      });
    }
  }

  /** Applies a configuration. Resolves with what was done. */
  apply(config: Config): Promise<Op[]> {
    const changed = changedPools(this.#config, config);
    if (changed) return this.#applyPools(config, changed);
    return this.#transact(async (context) => {
      const former = this.#units;
      const units = new Map<string, PoolUnit>();
      const pause = slicer();
      for (const [name, { pool, protocol }] of usedVariants(config)) {
        const known = former.get(name);
        const same = known && samePool(known.pool, pool);
        units.set(name, same ? { ...known, pool } : planPool(context, pool, protocol, known));
        await pause();
      }
      for (const [name, unit] of former)
        if (!units.has(name)) retirePool(context, unit.compiled.id, unit);
      if (former.size === 0) retireStrays(context, units.values());
      const listeners = planListeners(context, config, this.#listeners);
      planClasses(context, listeners, units.values());
      context.after(() => {
        this.#config = config;
        this.#listeners = listeners;
        this.#setUnits(units);
      });
    });
  }

  /** The configuration shares everything but some pools with the one in force. */
  #applyPools(config: Config, pools: Pool[]): Promise<Op[]> {
    return this.#transact(async (context) => {
      const planned: [string, PoolUnit][] = [];
      for (const pool of pools)
        for (const variant of this.#unitsOfPool.get(pool.name) ?? []) {
          const known = this.#units.get(variant);
          if (known) planned.push([variant, planPool(context, pool, known.protocol, known)]);
        }
      if (this.#listeners.dnatPools.size > 0)
        planClasses(context, this.#listeners, new Map([...this.#units, ...planned]).values());
      context.after(() => {
        this.#config = config;
        for (const [variant, unit] of planned) this.#units.set(variant, unit);
      });
    });
  }

  /** Health or weights of some pools changed; nothing else is looked at. */
  refreshPools(names: Iterable<string>): Promise<Op[]> {
    return this.#transact(async (context) => {
      for (const name of names)
        for (const variant of this.#unitsOfPool.get(name) ?? []) {
          const unit = this.#units.get(variant);
          if (!unit) continue;
          const planned = planPool(context, unit.pool, unit.protocol, unit);
          context.after(() => this.#units.set(variant, planned));
        }
    });
  }

  /** Takes retired things, which no connection uses any more, out of the maps. */
  async release(targets: Iterable<[DrainKind, DrainTarget]>): Promise<Op[]> {
    const released = await this.#transact(async (context) =>
      planRelease(context, targets, this.#units),
    );
    const classes = await this.#transact(async (context) =>
      planClasses(context, this.#listeners, this.#units.values()),
    );
    return [...released, ...classes];
  }

  #setUnits(units: Map<string, PoolUnit>): void {
    this.#units = units;
    this.#unitsOfPool = new Map();
    for (const [variant, { pool }] of units) {
      const variants = this.#unitsOfPool.get(pool.name);
      if (variants) variants.push(variant);
      else this.#unitsOfPool.set(pool.name, [variant]);
    }
  }

  /** Plans, applies, and only then believes it. */
  async #transact(build: (context: PlanContext) => Promise<void>): Promise<Op[]> {
    const plan = new Plan();
    const actions: (() => void)[] = [];
    const claimed = new Map<number, number>();
    const allocate = (length: number): number => {
      const at = this.runs.allocate(length);
      if (length > 0) claimed.set(at, length);
      return at;
    };
    const { tables, ids, book } = this;
    try {
      await build({
        tables,
        ids,
        book,
        health: this.#health,
        plan,
        allocate,
        after: (action) => actions.push(action),
      });
      const { ops } = plan;
      const pause = slicer();
      for (const op of ops) {
        const written = applyOp(this.#port, op);
        if (written) await written;
        if (op.op === 'setPool') claimed.delete(op.row.schedule);
        this.#note(op);
        await pause();
      }
      for (const action of actions) action();
      return ops;
    } catch (error) {
      for (const [at, length] of claimed) this.runs.release(at, length);
      // What was planned before no longer tells what the maps hold: compare everything next time.
      this.#config = null;
      this.#units = new Map();
      throw error;
    }
  }

  #note(op: Op): void {
    if (op.op === 'setPool' || op.op === 'retirePool' || op.op === 'deletePool') {
      const old = this.tables.pools.get(op.id)?.row;
      const kept = op.op === 'setPool' && old?.schedule === op.row.schedule;
      if (old && !kept) this.runs.release(old.schedule, old.schedule_len);
    }
    this.tables.note(op);
    if (op.op === 'deleteListener') this.ids.listeners.release(op.id);
    if (op.op === 'deletePool') this.ids.pools.release(op.id);
    if (op.op === 'deleteMember') this.ids.members.release(op.id);
    if (op.op === 'resetDest') this.ids.dests.release(op.id);
    if (op.op === 'deleteSnatSet') this.ids.snatSets.release(op.id);
    if (op.op === 'deleteSnatAddr') this.ids.snatAddrs.release(op.id);
  }
}

/** The pools that differ, when nothing else does (objects shared by both); else null. */
function changedPools(old: Config | null, next: Config): Pool[] | null {
  if (old?.loadbalancers !== next.loadbalancers || old.gateway !== next.gateway) return null;
  if (old.pools.length !== next.pools.length) return null;
  const changed: Pool[] = [];
  for (const [index, pool] of next.pools.entries()) {
    const former = old.pools[index];
    if (former === pool) continue;
    // Another delay concerns the listeners too.
    if (former?.name !== pool.name || former.deregistration_delay !== pool.deregistration_delay)
      return null;
    changed.push(pool);
  }
  return changed;
}

function slicer(): () => Promise<void> | undefined {
  let until = performance.now() + SLICE_MS;
  return () => {
    if (performance.now() < until) return undefined;
    return breathe().then(() => {
      until = performance.now() + SLICE_MS;
    });
  };
}
