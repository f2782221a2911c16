// Who takes no new connections, since when, and for how long the existing ones
// may go on. Survives restarts in the state file.

export const DRAIN_KINDS = ['members', 'listeners', 'vips', 'snatAddrs'] as const;
export type DrainKind = (typeof DRAIN_KINDS)[number];
/** Members, listeners and SNAT addresses by id, VIPs by address. */
export type DrainTarget = number | string;

export interface DrainEntry {
  /** Milliseconds since the epoch. */
  since: number;
  /** Seconds. */
  delay: number;
  /** Gone from the configuration: its ids are given back when nothing uses it any more. */
  removed: boolean;
}

export type StoredDrains = Partial<Record<DrainKind, [DrainTarget, DrainEntry][]>>;

export class DrainBook {
  readonly members = new Map<DrainTarget, DrainEntry>();
  readonly listeners = new Map<DrainTarget, DrainEntry>();
  readonly vips = new Map<DrainTarget, DrainEntry>();
  readonly snatAddrs = new Map<DrainTarget, DrainEntry>();

  constructor(private readonly now: () => number = Date.now) {}

  /** A second call keeps the beginning and takes the new delay. */
  start(kind: DrainKind, target: DrainTarget, delay: number, removed: boolean): void {
    const since = this[kind].get(target)?.since ?? this.now();
    this[kind].set(target, { since, delay, removed });
  }

  stop(kind: DrainKind, target: DrainTarget): void {
    this[kind].delete(target);
  }

  due(kind: DrainKind, target: DrainTarget): boolean {
    const entry = this[kind].get(target);
    return entry !== undefined && entry.since + entry.delay * 1000 <= this.now();
  }

  get size(): number {
    return DRAIN_KINDS.reduce((sum, kind) => sum + this[kind].size, 0);
  }

  *removed(): Generator<[DrainKind, DrainTarget]> {
    for (const kind of DRAIN_KINDS)
      for (const [target, entry] of this[kind]) if (entry.removed) yield [kind, target];
  }

  store(): StoredDrains {
    return Object.fromEntries(DRAIN_KINDS.map((kind) => [kind, [...this[kind]]]));
  }

  load(stored: StoredDrains): void {
    for (const kind of DRAIN_KINDS)
      for (const [target, entry] of stored[kind] ?? []) this[kind].set(target, entry);
  }
}
