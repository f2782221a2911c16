// Ends connections that have been silent for longer than their state allows
// (SPEC section 6). Silence is judged over both directions.

import { end_reason, flow_state } from '../dataplane/abi.js';
import type { Connection, DataplanePort, FlowCursor } from './dataplane-port.js';
import type { Terminator } from './ending.js';

/** Seconds; states that are not here last as long as the listener's idle_timeout. */
export const STATE_TIMEOUTS: ReadonlyMap<number, number> = new Map([
  [flow_state.STATE_NONE, 5],
  [flow_state.STATE_SYN_SENT, 5],
  [flow_state.STATE_SYN_RECV, 30],
  [flow_state.STATE_FIN_WAIT, 60],
  [flow_state.STATE_CLOSE_WAIT, 60],
  [flow_state.STATE_TIME_WAIT, 60],
  [flow_state.STATE_CLOSE, 10],
]);

const DEFAULT_IDLE_TIMEOUT = 300;

export interface AgeingOptions {
  port: DataplanePort;
  terminator: Terminator;
  /** A listener's idle_timeout in seconds. */
  idleTimeout: (listener: number) => number | undefined;
}

/** Jiffies from then to now, both their low 32 bits; the near future counts as now. */
export function jiffiesSince(then: number, now: number): number {
  const passed = (now - then) >>> 0;
  return passed > 0x8000_0000 ? 0 : passed;
}

export class Ageing {
  constructor(private readonly options: AgeingOptions) {}

  /** One pass over all connections. Returns how many ended. */
  async sweep(): Promise<number> {
    const { port, terminator } = this.options;
    const now = port.currentJiffies();
    const limits = new Map<number, number>();
    const limit = (flow: { state: number; listener: number }) => this.#limit(flow, limits);
    const silent = (flow: FlowCursor) => jiffiesSince(flow.last_seen, now) > limit(flow);
    let ended = 0;
    for await (const batch of port.connections(silent)) {
      const expired = batch.filter((each) => quiet(each, now) > limit(each));
      ended += terminator.end(
        expired,
        end_reason.END_IDLE,
        (each) => each.state === flow_state.STATE_ESTABLISHED,
      );
    }
    return ended;
  }

  /** In jiffies. */
  #limit(
    { state, listener }: { state: number; listener: number },
    known: Map<number, number>,
  ): number {
    const { port, idleTimeout } = this.options;
    const fixed = STATE_TIMEOUTS.get(state);
    if (fixed !== undefined) return fixed * port.hz;
    let limit = known.get(listener);
    if (limit === undefined) {
      limit = (idleTimeout(listener) ?? DEFAULT_IDLE_TIMEOUT) * port.hz;
      known.set(listener, limit);
    }
    return limit;
  }
}

function quiet(connection: Connection, now: number): number {
  return Math.min(
    jiffiesSince(connection.lastSeenIn, now),
    jiffiesSince(connection.lastSeenOut, now),
  );
}
