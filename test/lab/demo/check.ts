// The demo's promises, checked: it ends with "ok" only if all of them hold.

import { findToa, type Packet } from '../support/pcap.js';
import type { LogEntry } from '../support/servers.js';
import { addresses } from '../support/topology.js';
import type { Request } from '../support/traffic.js';

function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Every request answered, and logged once with its client's address. */
export function checkLogs(made: readonly Request[], entries: readonly LogEntry[]): void {
  const logged = new Map(entries.map((entry) => [entry.path, entry.address]));
  for (const { path, status, address } of made) {
    must(status === 200, `${path}: expected status 200, got ${status}`);
    const seen = logged.get(path);
    must(seen === address, `${path}: came from ${address}, logged as ${seen ?? 'nothing'}`);
  }
}

/** The first packets towards a member: SNAT source, option first and true. */
export function checkPackets(packets: readonly Packet[], made: readonly Request[]): void {
  const snat: readonly string[] = addresses.snat4;
  must(packets.length >= 2, `expected a SYN and an ACK on the wire, got ${packets.length} packets`);
  for (const { source, tcp } of packets) {
    must(snat.includes(source), `expected a SNAT address as source, got ${source}`);
    const toa = tcp === null ? null : findToa(tcp);
    must(toa !== null, `a packet from ${source} lacks the option`);
    must(tcp?.options[0]?.kind === toa.kind, 'the option is not the first');
    const known = made.some(({ address, port }) => address === toa.address && port === toa.port);
    must(known, `the option names ${toa.address}:${toa.port}, which is no client's`);
  }
}
