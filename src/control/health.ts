// Watches every pool with a health monitor and tells which members' health changed.

import { EventEmitter } from 'node:events';
import type { Config, Member, Pool } from '../config/model.js';
import type { MemberHealth } from './compile.js';
import type { Probes } from './health/index.js';
import { type HealthResult, Target } from './health/target.js';
import { memberKey } from './names.js';

export interface HealthEvents {
  /** Emitted once per change. */
  change: [pool: string, key: string, state: MemberHealth, result: HealthResult];
  result: [pool: string, key: string, result: HealthResult];
}

export interface HealthOptions {
  probes: Probes;
  /** What a member is taken for when its monitoring begins. */
  initial?: (pool: string, key: string) => MemberHealth;
  random?: () => number;
}

export class HealthMonitors extends EventEmitter<HealthEvents> {
  /** By pool, then by member. */
  readonly #targets = new Map<string, Map<string, Target>>();

  constructor(private readonly options: HealthOptions) {
    super();
  }

  /** Begins, changes and ends monitoring as the configuration says; states are kept. */
  configure(config: Config): void {
    const monitored = new Set<string>();
    for (const pool of config.pools) {
      if (!pool.healthmonitor) continue;
      monitored.add(pool.name);
      this.#configurePool(pool);
    }
    for (const name of this.#targets.keys()) if (!monitored.has(name)) this.#drop(name);
  }

  state(pool: string, key: string): MemberHealth {
    return this.#targets.get(pool)?.get(key)?.state ?? this.options.initial?.(pool, key) ?? 'new';
  }

  target(pool: string, key: string): Target | undefined {
    return this.#targets.get(pool)?.get(key);
  }

  stop(): void {
    for (const name of [...this.#targets.keys()]) this.#drop(name);
  }

  #configurePool(pool: Pool): void {
    const known = this.#targets.get(pool.name) ?? new Map<string, Target>();
    this.#targets.set(pool.name, known);
    const wanted = new Set<string>();
    for (const member of pool.members) {
      if (!member.admin_state_up) continue;
      wanted.add(memberKey(member));
      this.#configureMember(pool, member, known);
    }
    for (const [key, target] of known) {
      if (wanted.has(key)) continue;
      target.stop();
      known.delete(key);
    }
  }

  #configureMember(pool: Pool, member: Member, known: Map<string, Target>): void {
    const monitor = pool.healthmonitor;
    if (!monitor) return;
    const key = memberKey(member);
    const probe = this.options.probes[monitor.type];
    const present = known.get(key);
    if (present) {
      if (present.monitor !== monitor) present.reconfigure(monitor, probe);
      return;
    }
    const events = {
      onChange: ({ state, last }: Target) =>
        last && this.emit('change', pool.name, key, state, last),
      onResult: (_: Target, result: HealthResult) => this.emit('result', pool.name, key, result),
    };
    const { address, protocol_port: port } = member;
    const initial = this.options.initial?.(pool.name, key) ?? 'new';
    known.set(
      key,
      new Target(
        pool.name,
        key,
        address,
        port,
        monitor,
        probe,
        events,
        initial,
        this.options.random,
      ),
    );
  }

  #drop(name: string): void {
    for (const target of this.#targets.get(name)?.values() ?? []) target.stop();
    this.#targets.delete(name);
  }
}
