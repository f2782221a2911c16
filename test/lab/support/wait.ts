import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Thrown by a probe to end the waiting at once. */
export class Hopeless extends Error {}

/** Polls until `probe` gives something other than false, null or undefined; throws after timeoutMs. */
export async function waitFor<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  intervalMs = 20,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== false && value !== null && value !== undefined) return value;
      last = undefined;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    if (Date.now() >= deadline) {
      const why = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`waited ${timeoutMs} ms for ${what}${why}`);
    }
    await sleep(intervalMs);
  }
}
