// TCP: connect, then close with RST.

import type { Addon } from '../../native/types.js';
import { measured, type Probe } from './probe.js';

export const tcpProbe =
  (addon: Pick<Addon, 'tcpProbe'>): Probe =>
  ({ address, port, timeoutMs }) =>
    measured(async () => {
      await addon.tcpProbe(address, port, timeoutMs);
      return null;
    });
