// One kind of health probe: a file each beside this one.

import type { HealthMonitor } from '../../config/model.js';

export interface ProbeTarget {
  address: string;
  port: number;
  monitor: HealthMonitor;
  timeoutMs: number;
}

export type ProbeOutcome =
  | { ok: true; latencyMs: number }
  | { ok: false; latencyMs: number; reason: string };

/** Never rejects for what a network or server does. */
export type Probe = (target: ProbeTarget) => Promise<ProbeOutcome>;

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ETIMEDOUT: 'timed out',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ECONNRESET: 'connection reset',
  EADDRNOTAVAIL: 'no local address or port free',
  EPIPE: 'connection closed',
};

export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return (code && REASONS[code]) ?? message ?? String(error);
}

/** Runs an attempt, measures it, and turns what it throws into a reason. */
export async function measured(attempt: () => Promise<string | null>): Promise<ProbeOutcome> {
  const began = performance.now();
  const latency = () => Math.round((performance.now() - began) * 1000) / 1000;
  try {
    const problem = await attempt();
    return problem === null
      ? { ok: true, latencyMs: latency() }
      : { ok: false, latencyMs: latency(), reason: problem };
  } catch (error) {
    return { ok: false, latencyMs: latency(), reason: reasonOf(error) };
  }
}
