// PING: an ICMP echo must be answered.

import type { Addon } from '../../native/types.js';
import { measured, type Probe } from './probe.js';

export const pingProbe =
  (addon: Pick<Addon, 'ping'>): Probe =>
  ({ address, timeoutMs }) =>
    measured(async () => {
      await addon.ping(address, timeoutMs);
      return null;
    });
