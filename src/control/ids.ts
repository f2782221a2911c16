// Small numbers for things that have names: map indices that stay the same as
// long as the thing exists, across restarts of the daemon.

import { OutOfRoomError } from './runs.js';

/** A number given back rests this long, so that late packets meet nobody else. */
const REST_MS = 2000;

export class IdSpace {
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, string>();
  #returned: { id: number; until: number }[] = [];
  #next: number;

  /** Numbers first to limit-1. */
  constructor(
    readonly what: string,
    readonly first: number,
    readonly limit: number,
    private readonly now: () => number = Date.now,
  ) {
    this.#next = first;
  }

  /** The name's number, a new one if it has none. */
  acquire(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#take();
    this.assign(name, id);
    return id;
  }

  get(name: string): number | undefined {
    return this.#ids.get(name);
  }

  nameOf(id: number): string | undefined {
    return this.#names.get(id);
  }

  /** Takes over a former daemon's assignment. False when name or number is taken or out of range. */
  assign(name: string, id: number): boolean {
    if (id < this.first || id >= this.limit || this.#ids.has(name) || this.#names.has(id))
      return false;
    this.#ids.set(name, id);
    this.#names.set(id, name);
    return true;
  }

  release(id: number): void {
    const name = this.#names.get(id);
    if (name === undefined) return;
    this.#names.delete(id);
    this.#ids.delete(name);
    this.#returned.push({ id, until: this.now() + REST_MS });
  }

  /** Gives the number another name, e.g. once the configuration tells it. */
  rename(id: number, name: string): void {
    const old = this.#names.get(id);
    if (old !== undefined) this.#ids.delete(old);
    this.#ids.set(name, id);
    this.#names.set(id, name);
  }

  get size(): number {
    return this.#ids.size;
  }

  entries(): IterableIterator<[string, number]> {
    return this.#ids.entries();
  }

  #take(): number {
    const now = this.now();
    const oldest = this.#returned[0];
    if (oldest && oldest.until <= now) {
      this.#returned.shift();
      if (!this.#names.has(oldest.id)) return oldest.id;
      return this.#take();
    }
    while (this.#next < this.limit && this.#names.has(this.#next)) this.#next++;
    if (this.#next < this.limit) return this.#next++;
    throw new OutOfRoomError(
      `no ${this.what} id free: ${this.#ids.size} of ${this.limit - this.first} in use, ` +
        `${this.#returned.length} given back less than ${REST_MS / 1000} s ago`,
    );
  }
}
