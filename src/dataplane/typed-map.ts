// A BPF map whose keys and values are plain objects (or 32-bit indices).
import type { BpfMap } from '../native/types.js';
import { decode, encode, index, type Layout, type StructOf } from './codec.js';

/** An array map: key is the index, every index exists. */
export class ArrayMap<V extends Layout> {
  constructor(
    readonly raw: BpfMap,
    readonly layout: V,
  ) {}

  get capacity(): number {
    return this.raw.info.maxEntries;
  }

  get(at: number): StructOf<V> {
    const value = this.raw.lookup(index(at));
    if (!value)
      throw new RangeError(`map ${this.raw.info.name} has no index ${at} (size ${this.capacity})`);
    return decode(this.layout, value);
  }

  /** flags: BPF_F_LOCK (4) for values that hold a spin lock. */
  set(at: number, value: Partial<StructOf<V>>, flags = 0): void {
    this.raw.update(index(at), encode(this.layout, value), flags);
  }
}

export class HashMap<K extends Layout, V extends Layout> {
  constructor(
    readonly raw: BpfMap,
    readonly keyLayout: K,
    readonly layout: V,
  ) {}

  get(key: Partial<StructOf<K>>): StructOf<V> | null {
    const value = this.raw.lookup(encode(this.keyLayout, key));
    return value && decode(this.layout, value);
  }

  set(key: Partial<StructOf<K>>, value: Partial<StructOf<V>>, flags = 0): void {
    this.raw.update(encode(this.keyLayout, key), encode(this.layout, value), flags);
  }

  delete(key: Partial<StructOf<K>>): boolean {
    return this.raw.delete(encode(this.keyLayout, key));
  }
}

/** Adds the CPUs' values of a per-CPU map entry up, field by field. */
export function sumPerCpu<V extends Layout>(layout: V, value: Buffer): StructOf<V> {
  const stride = Math.ceil(layout.size / 8) * 8;
  const total: { [name: string]: number } = {};
  for (let at = 0; at + layout.size <= value.length; at += stride) {
    const one = decode(layout, value, at) as { [name: string]: number };
    for (const name in one) total[name] = (total[name] ?? 0) + (one[name] ?? 0);
  }
  return total as StructOf<V>;
}
