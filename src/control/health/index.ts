// Which probe a health monitor type stands for. A new type: one file here, one line below.

import type { HealthMonitorType } from '../../config/model.js';
import type { Addon } from '../../native/types.js';
import { httpProbe, httpsProbe } from './http.js';
import { pingProbe } from './ping.js';
import type { Probe } from './probe.js';
import { tcpProbe } from './tcp.js';
import { udpConnectProbe } from './udp-connect.js';

export type Probes = Record<HealthMonitorType, Probe>;

export function probes(addon: Pick<Addon, 'tcpProbe' | 'ping'>): Probes {
  return {
    TCP: tcpProbe(addon),
    HTTP: httpProbe,
    HTTPS: httpsProbe,
    UDP_CONNECT: udpConnectProbe(addon),
    PING: pingProbe(addon),
  };
}
