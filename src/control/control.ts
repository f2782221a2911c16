// The control plane: one configuration at a time, made true in the maps and kept
// so. Changes are queued; each is checked, applied whole, or undone.

import type { Config, Protocol } from '../config/model.js';
import { member_flag } from '../dataplane/abi.js';
import type { Addon, NetlinkEvent } from '../native/types.js';
import { HostAddresses } from './addresses.js';
import { adopt, adoptDrains } from './adopt.js';
import { Ageing } from './ageing.js';
import { checkCapacity } from './capacity.js';
import type { MemberHealth } from './compile.js';
import type { DataplanePort } from './dataplane-port.js';
import { Drainer } from './drain.js';
import { DrainBook } from './drain-book.js';
import { Terminator } from './ending.js';
import { probes } from './health/index.js';
import { HealthMonitors } from './health.js';
import type { Log } from './log.js';
import { memberName, variantName } from './names.js';
import { Neighbours } from './neighbours.js';
import type { Op } from './ops.js';
import { Reconciler } from './reconciler.js';
import { repeat } from './repeat.js';
import {
  DEFAULT_STATE_FILE,
  emptyState,
  loadState,
  namesById,
  type State,
  saveState,
} from './state-file.js';

const AGEING_MS = 1000;
const DRAIN_MS = 500;
const STATE_MS = 200;

export interface ControlOptions {
  config: Config;
  port: DataplanePort;
  addon: Addon;
  log: Log;
  statePath?: string | null;
  /** An interface came, went or changed. */
  onLink?: (event: NetlinkEvent) => void;
}

export class Control {
  readonly health: HealthMonitors;
  #queue: Promise<unknown> = Promise.resolve();
  #dirtyPools = new Set<string>();
  #stops: (() => void)[] = [];
  #stateTimer: NodeJS.Timeout | null = null;
  #drainNow: () => void = () => {};
  #config: Config;
  #pending = 0;
  /** The maps may differ from the configuration in force. */
  #broken = false;

  private constructor(
    private readonly options: ControlOptions,
    readonly reconciler: Reconciler,
    readonly hosts: HostAddresses,
    readonly neighbours: Neighbours,
  ) {
    this.#config = options.config;
    this.health = new HealthMonitors({
      probes: probes(options.addon),
      initial: (pool, key) => this.#initialHealth(pool, key),
    });
    this.health.on('change', (pool, key, state, result) => {
      options.log.info(
        { pool, member: key, state, reason: result.reason, latency_ms: result.latencyMs },
        'member changed',
      );
      this.#healthChanged(pool);
    });
  }

  /** Takes the maps over, applies the configuration, starts watching. */
  static async start(options: ControlOptions): Promise<Control> {
    const { port, addon, log, config } = options;
    const path = options.statePath === undefined ? DEFAULT_STATE_FILE : options.statePath;
    const state = (path && loadState(path)) || emptyState();
    const { tables, ids } = await adopt(port, state, config);
    const book = new DrainBook();
    adoptDrains(book, state, tables);
    const hosts = new HostAddresses({ addon, log, added: state.hostAddresses });
    const neighbours = new Neighbours({
      port,
      addon,
      log,
      onLink: (event) => options.onLink?.(event),
    });
    const health = (pool: string, key: string): MemberHealth => control.health.state(pool, key);
    const reconciler = new Reconciler({ port, health, ids, book, tables });
    const control = new Control({ ...options, statePath: path }, reconciler, hosts, neighbours);
    hosts.ensure(config);
    hosts.enableForwarding(config);
    await control.apply(config);
    control.#watch();
    return control;
  }

  /** True of the whole: changes are applied one at a time. */
  get provisioningStatus(): 'ACTIVE' | 'PENDING_UPDATE' | 'ERROR' {
    if (this.#pending > 0) return 'PENDING_UPDATE';
    return this.#broken ? 'ERROR' : 'ACTIVE';
  }

  memberId(protocol: Protocol, pool: string, key: string): number | undefined {
    return this.reconciler.ids.members.get(memberName(variantName(protocol, pool), key));
  }

  get config(): Config {
    return this.#config;
  }

  /**
   * Applies another configuration; it must have been checked. Rejects, with the
   * old one still in force, when the maps have no room for it or refuse it.
   */
  apply(config: Config): Promise<Op[]> {
    return this.#enqueue(async () => {
      checkCapacity(config, this.options.port.limits);
      const { log } = this.options;
      this.hosts.ensure(config);
      const began = performance.now();
      const ops = await this.#reconcile(config);
      const ms = Math.round(performance.now() - began);
      log.info({ changes: ops.length, ms }, 'configuration applied');
      this.#config = config;
      this.health.configure(config);
      this.neighbours.setAddresses(
        config.pools.flatMap((pool) => pool.members.map(({ address }) => address)),
      );
      this.#saveSoon();
      this.#drainNow();
      return ops;
    });
  }

  /** Leaves the maps, and so the traffic, as they are. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.health.stop();
    this.neighbours.stop();
    await this.#queue;
    if (this.#stateTimer) clearTimeout(this.#stateTimer);
    this.#save();
  }

  #watch(): void {
    const { port, addon, log } = this.options;
    const { reconciler } = this;
    const terminator = new Terminator(port, addon, log);
    const release = (targets: Parameters<Reconciler['release']>[0]) =>
      this.#enqueue(async () => {
        await reconciler.release(targets);
        this.hosts.removeUnwanted(this.#config, this.#addressesInUse());
        this.#saveSoon();
      });
    const drainer = new Drainer({ port, book: reconciler.book, terminator, release, log });
    const idleTimeout = (id: number) => reconciler.tables.listeners.get(id)?.idle_timeout;
    const ageing = new Ageing({ port, terminator, idleTimeout });
    const complain = (what: string) => (error: unknown) =>
      log.error({ error: String(error) }, `${what} failed`);
    const draining = repeat(() => drainer.sweep(), DRAIN_MS, complain('draining'));
    this.#drainNow = draining.now;
    this.#stops.push(
      draining.stop,
      repeat(() => ageing.sweep(), AGEING_MS, complain('ageing')).stop,
    );
    this.neighbours.start();
  }

  /** Retired VIPs and SNAT addresses that connections still use. */
  #addressesInUse(): Set<string> {
    const { book, ids } = this.reconciler;
    const snat = [...book.snatAddrs.keys()].map((id) => ids.snatAddrs.nameOf(Number(id)) ?? '');
    return new Set([...[...book.vips.keys()].map(String), ...snat]);
  }

  #healthChanged(pool: string): void {
    this.#dirtyPools.add(pool);
    if (this.#dirtyPools.size > 1) return; // already queued
    void this.#enqueue(async () => {
      const pools = this.#dirtyPools;
      this.#dirtyPools = new Set();
      try {
        await this.reconciler.refreshPools(pools);
      } catch (error) {
        this.options.log.error({ error: String(error) }, 'cannot apply a health change');
        await this.#restore();
      }
      this.#drainNow();
    });
  }

  async #reconcile(config: Config): Promise<Op[]> {
    this.#pending++;
    try {
      const ops = await this.reconciler.apply(config);
      this.#broken = false;
      return ops;
    } catch (error) {
      await this.#restore();
      throw error;
    } finally {
      this.#pending--;
    }
  }

  /** After a failure the maps may hold half of a change. */
  async #restore(): Promise<void> {
    try {
      await this.reconciler.apply(this.#config);
    } catch (error) {
      this.#broken = true;
      this.options.log.error({ error: String(error) }, 'cannot restore the former configuration');
    }
  }

  /** Members that take traffic already are innocent until proven guilty. */
  #initialHealth(pool: string, key: string): MemberHealth {
    const { ids, tables } = this.reconciler;
    for (const protocol of ['TCP', 'UDP']) {
      const id = ids.members.get(`${protocol} ${pool} ${key}`);
      const flags = id === undefined ? 0 : (tables.members.get(id)?.flags ?? 0);
      if (flags & member_flag.MEMBER_UP) return 'up';
    }
    return 'new';
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => {});
    return result;
  }

  #saveSoon(): void {
    this.#stateTimer ??= setTimeout(() => {
      this.#stateTimer = null;
      this.#save();
    }, STATE_MS);
  }

  #save(): void {
    const { statePath, log } = this.options;
    if (!statePath) return;
    const { ids, book } = this.reconciler;
    const state: State = {
      listeners: namesById(ids.listeners),
      pools: namesById(ids.pools),
      drains: book.store(),
      hostAddresses: this.hosts.added,
    };
    try {
      saveState(statePath, state);
    } catch (error) {
      log.error(
        { path: statePath, error: String(error) },
        'cannot save the state; the next start will guess',
      );
    }
  }
}
