// UDP_CONNECT: an ICMP echo must be answered, then a datagram must not draw a
// "port unreachable" within the timeout. Silence is health.

import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Addon } from '../../native/types.js';
import { measured, type Probe, reasonOf } from './probe.js';

export const udpConnectProbe =
  (addon: Pick<Addon, 'ping'>): Probe =>
  ({ address, port, timeoutMs }) =>
    measured(async () => {
      const began = performance.now();
      try {
        await addon.ping(address, timeoutMs);
      } catch (error) {
        return `no answer to ping: ${reasonOf(error)}`;
      }
      return sendDatagram(address, port, Math.max(timeoutMs - (performance.now() - began), 1));
    });

function sendDatagram(address: string, port: number, waitMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const timer = setTimeout(() => finish(null), waitMs);
    const finish = (problem: string | null) => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.close();
      resolve(problem);
    };
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code === 'ECONNREFUSED' ? 'port unreachable' : reasonOf(error)),
    );
    // Any answer proves that somebody listens.
    socket.once('message', () => finish(null));
    socket.connect(port, address, () => socket.send(Buffer.alloc(1)));
  });
}
