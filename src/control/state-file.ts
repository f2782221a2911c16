// What a daemon leaves for the next one: names that the maps do not hold, what
// is being drained, and what was changed on the host.

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { StoredDrains } from './drain-book.js';
import type { IdSpace } from './ids.js';

export const DEFAULT_STATE_FILE = '/run/clearnat/state.json';
const VERSION = 1;

export interface HostAddress {
  address: string;
  interface: string;
}

export interface State {
  /** Names by id. */
  listeners: Record<number, string>;
  pools: Record<number, string>;
  drains: StoredDrains;
  /** Addresses that the daemon added to interfaces. */
  hostAddresses: HostAddress[];
}

export const emptyState = (): State => ({
  listeners: {},
  pools: {},
  drains: {},
  hostAddresses: [],
});

export const namesById = (space: IdSpace): Record<number, string> =>
  Object.fromEntries([...space.entries()].map(([name, id]) => [id, name]));

/** Null when there is none, or none that can be used (damaged, another version). */
export function loadState(path: string): State | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const { version, ...state } = JSON.parse(text) as State & { version: number };
    return version === VERSION ? { ...emptyState(), ...state } : null;
  } catch {
    return null;
  }
}

/** Whole or not at all. */
export function saveState(path: string, state: State): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify({ version: VERSION, ...state })}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
