// Ending connections from outside: first the entries, so that nothing revives
// them, then RST to both ends.

import type { Addon } from '../native/types.js';
import type { Connection, DataplanePort } from './dataplane-port.js';
import { resetBothEnds } from './rst.js';

export class Terminator {
  constructor(
    private readonly port: Pick<DataplanePort, 'expire'>,
    private readonly addon: Pick<Addon, 'sendRaw'>,
    private readonly log: { warn(details: object, message: string): void },
  ) {}

  /** Returns how many ended. reason: end_reason. */
  end(
    connections: Connection[],
    reason: number,
    reset: (connection: Connection) => boolean,
  ): number {
    if (connections.length === 0) return 0;
    const ended = this.port.expire(connections, reason);
    const packets = ended.filter(reset).flatMap(resetBothEnds);
    if (packets.length === 0) return ended.length;
    try {
      this.addon.sendRaw(packets);
    } catch (error) {
      this.log.warn({ error }, 'cannot send RST to the ends of ended connections');
    }
    return ended.length;
  }
}
