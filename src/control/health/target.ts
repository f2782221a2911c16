// One monitored member: when it is probed and what its results mean (SPEC section 8).

import type { HealthMonitor } from '../../config/model.js';
import type { MemberHealth } from '../compile.js';
import type { Probe, ProbeOutcome } from './probe.js';

export interface HealthResult {
  at: Date;
  ok: boolean;
  latencyMs: number;
  /** Null for a success. */
  reason: string | null;
}

export interface TargetEvents {
  /** The member went up or down. */
  onChange(target: Target): void;
  onResult(target: Target, result: HealthResult): void;
}

export class Target {
  state: MemberHealth;
  last: HealthResult | null = null;
  /** Results of the present kind in a row. */
  streak = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #due = 0;
  /** Never seen to work: one success is enough. */
  #fresh: boolean;

  constructor(
    readonly pool: string,
    readonly key: string,
    readonly address: string,
    readonly port: number,
    public monitor: HealthMonitor,
    private probe: Probe,
    private readonly events: TargetEvents,
    state: MemberHealth = 'new',
    random: () => number = Math.random,
  ) {
    this.state = state;
    this.#fresh = state !== 'up';
    this.#due = performance.now() + random() * monitor.delay * 1000;
    this.#schedule();
  }

  /** New parameters keep the state; they count from the next probe. */
  reconfigure(monitor: HealthMonitor, probe: Probe): void {
    const sooner = monitor.delay < this.monitor.delay;
    this.monitor = monitor;
    this.probe = probe;
    if (!sooner || this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#due = Math.min(this.#due, performance.now() + Math.random() * monitor.delay * 1000);
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#run(), Math.max(this.#due - performance.now(), 0));
  }

  async #run(): Promise<void> {
    this.#timer = null;
    const { monitor, address } = this;
    const outcome = await this.probe({
      address,
      port: monitor.monitor_port ?? this.port,
      monitor,
      timeoutMs: monitor.timeout * 1000,
    });
    if (this.#stopped) return;
    this.#take(outcome);
    // From the beginning of one probe to the next; a suspended host does not catch up.
    this.#due = Math.max(this.#due + this.monitor.delay * 1000, performance.now());
    this.#schedule();
  }

  #take(outcome: ProbeOutcome): void {
    const { ok, latencyMs } = outcome;
    this.streak = this.last?.ok === ok ? this.streak + 1 : 1;
    this.last = { at: new Date(), ok, latencyMs, reason: outcome.ok ? null : outcome.reason };
    this.events.onResult(this, this.last);
    const next = this.#judge(ok);
    if (next === this.state) return;
    this.state = next;
    this.events.onChange(this);
  }

  #judge(ok: boolean): MemberHealth {
    const { max_retries, max_retries_down } = this.monitor;
    if (ok && (this.#fresh || this.streak >= max_retries)) {
      this.#fresh = false;
      return 'up';
    }
    if (ok) return this.state;
    return this.streak >= max_retries_down ? 'down' : this.state;
  }
}
