// Runs of slots in the `schedule` array. First fit; a freed run rests before it
// is given out again, so that a program which still reads it never sees another
// pool's members.

export class OutOfRoomError extends Error {
  override readonly name = 'OutOfRoomError';
}

interface Run {
  at: number;
  length: number;
}

/** Far longer than one packet's processing. */
const REST_MS = 1000;

export class RunAllocator {
  /** Free runs by position; neighbours are always joined. */
  #free: Run[];
  #resting: (Run & { until: number })[] = [];

  constructor(
    readonly size: number,
    private readonly now: () => number = Date.now,
  ) {
    this.#free = size > 0 ? [{ at: 0, length: size }] : [];
  }

  /** Position of a run. An empty run is at 0 and takes no room. */
  allocate(length: number): number {
    if (length === 0) return 0;
    this.#wake(this.now());
    const index = this.#free.findIndex((run) => run.length >= length);
    const run = this.#free[index];
    if (!run)
      throw new OutOfRoomError(
        `no ${length} consecutive schedule slots free of ${this.size} (${this.freeSlots} free, ` +
          `${this.#resting.reduce((sum, rest) => sum + rest.length, 0)} resting)`,
      );
    const { at } = run;
    if (run.length === length) this.#free.splice(index, 1);
    else this.#free[index] = { at: at + length, length: run.length - length };
    return at;
  }

  /** Marks a run that the maps use already. False when it is not wholly free. */
  reserve(at: number, length: number): boolean {
    if (length === 0) return true;
    const index = this.#free.findIndex((run) => run.at <= at && run.at + run.length >= at + length);
    const run = this.#free[index];
    if (!run) return false;
    const before = { at: run.at, length: at - run.at };
    const after = { at: at + length, length: run.at + run.length - at - length };
    this.#free.splice(index, 1, ...[before, after].filter((part) => part.length > 0));
    return true;
  }

  release(at: number, length: number): void {
    if (length > 0) this.#resting.push({ at, length, until: this.now() + REST_MS });
  }

  /** A run that no program has seen yet. */
  releaseUnused(at: number, length: number): void {
    if (length > 0) this.#insert({ at, length });
  }

  get freeSlots(): number {
    return this.#free.reduce((sum, run) => sum + run.length, 0);
  }

  #wake(now: number): void {
    const awake = this.#resting.findIndex((run) => run.until > now);
    const count = awake < 0 ? this.#resting.length : awake;
    for (const run of this.#resting.splice(0, count)) this.#insert(run);
  }

  #insert(run: Run): void {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#free[middle] as Run).at < run.at) low = middle + 1;
      else high = middle;
    }
    const joined = { at: run.at, length: run.length };
    const before = this.#free[low - 1];
    const after = this.#free[low];
    let from = low;
    let remove = 0;
    if (before && before.at + before.length === joined.at) {
      joined.at = before.at;
      joined.length += before.length;
      from--;
      remove++;
    }
    if (after && run.at + run.length === after.at) {
      joined.length += after.length;
      remove++;
    }
    this.#free.splice(from, remove, joined);
  }
}
