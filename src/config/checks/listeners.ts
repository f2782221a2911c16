// What must hold between the listeners of a load balancer and inside each.

import { parsePorts } from '../formats.js';
import type { PortRange } from '../model.js';
import type { Path } from '../problems.js';
import { each } from '../read.js';
import type { RawListener } from '../schema.js';
import type { Report } from './report.js';

export function portsOf(port: number | string): PortRange {
  if (typeof port === 'number') return { first: port, last: port };
  const ports = parsePorts(port);
  if ('wrong' in ports) throw new Error(`ports were not checked: ${port}`);
  return ports;
}

interface Claim extends PortRange {
  index: number;
  listener: RawListener;
}

/** An exact port wins over a range and a range over `all`; equals must not overlap. */
export function checkOverlaps(report: Report, path: Path, listeners: readonly RawListener[]): void {
  const classes = new Map<string, Claim[]>();
  for (const [index, listener] of each(listeners)) {
    const { first, last } = portsOf(listener.protocol_port);
    const size = last - first === 65534 ? 'all' : first === last ? 'exact' : 'range';
    const key = `${listener.protocol} ${size}`;
    const claims = classes.get(key);
    const claim = { index, listener, first, last };
    if (claims === undefined) classes.set(key, [claim]);
    else claims.push(claim);
  }
  for (const claims of classes.values()) checkClass(report, path, claims);
}

function checkClass(report: Report, path: Path, claims: Claim[]): void {
  claims.sort((a, b) => a.first - b.first || a.index - b.index);
  let reach: Claim | undefined;
  for (const claim of claims) {
    if (reach !== undefined && claim.first <= reach.last) {
      const [earlier, later] = claim.index < reach.index ? [claim, reach] : [reach, claim];
      const { name, protocol, protocol_port } = earlier.listener;
      report.add(
        [...path, later.index, 'protocol_port'],
        `overlaps listener ${JSON.stringify(name)} (${protocol} ${protocol_port}) on the same VIP`,
        later.listener.protocol_port,
      );
    }
    if (reach === undefined || claim.last > reach.last) reach = claim;
  }
}

export function checkListener(report: Report, path: Path, listener: RawListener): void {
  if (listener.allowed_cidrs !== null && listener.denied_cidrs !== null) {
    const message = 'excludes allowed_cidrs: give only one of them';
    report.add([...path, 'denied_cidrs'], message, listener.denied_cidrs, 'key');
  }
  if (listener.connection_limit === 0) {
    const message =
      'must be -1 (none) or at least 1; to close a listener set admin_state_up: false';
    report.add([...path, 'connection_limit'], message, 0);
  }
  if (listener.client_address === 'toa' && listener.protocol === 'UDP') {
    const message = 'must be none with UDP: the client address travels in a TCP option';
    report.add([...path, 'client_address'], message, 'toa');
  }
}
