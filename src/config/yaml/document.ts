// A YAML document as plain values, with the places of keys and values on the
// side, so that a file without errors does not pay for positions.

import type { Path, Problem } from '../problems.js';

/** Offsets of one container's entries, in UTF-16 units of the text. */
export interface Place {
  start: number;
  keys: Map<string | number, number>;
  values: Map<string | number, number>;
}

export type Places = Map<object, Place>;

export interface Document {
  value: unknown;
  /** Duplicate keys and everything that is not YAML. */
  problems: Problem[];
  /** The text is not YAML at all: `value` is not worth looking at. */
  broken: boolean;
  /** Only when asked for. */
  places: Places | null;
  start: number;
}

export function newPlace(start: number): Place {
  return { start, keys: new Map(), values: new Map() };
}

/** Sets an own property, whatever its name. */
export function setKey(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    target[key] = value;
  }
}

/** Where `path` stands: as far down as the document goes. */
export function locate(document: Document, path: Path, at: 'key' | 'value'): number {
  let offset = document.start;
  let node: unknown = document.value;
  for (const [depth, step] of path.entries()) {
    if (typeof node !== 'object' || node === null) return offset;
    const place = document.places?.get(node);
    if (place === undefined) return offset;
    const last = depth === path.length - 1;
    const table = last && at === 'key' ? place.keys : place.values;
    const next = table.get(step) ?? place.values.get(step);
    if (next === undefined) return offset;
    offset = next;
    node = (node as Record<string | number, unknown>)[step];
  }
  return offset;
}
