// Octavia's status words from what the control plane knows.

import type { OperatingStatus } from '../api/runtime.js';
import type { Listener, LoadBalancer, Member, Pool, PortRange } from '../config/model.js';
import type { MemberHealth } from '../control/compile.js';

export function memberStatus(pool: Pool, member: Member, health: MemberHealth): OperatingStatus {
  if (!member.admin_state_up) return 'OFFLINE';
  if (pool.healthmonitor && health === 'down') return 'ERROR';
  if (member.weight === 0) return 'DRAINING';
  if (!pool.healthmonitor) return 'NO_MONITOR';
  return health === 'up' ? 'ONLINE' : 'OFFLINE';
}

/** All members down is ERROR, some is DEGRADED; a drained member is neither. */
export function poolStatus(pool: Pool, members: readonly OperatingStatus[]): OperatingStatus {
  const counted = members.filter((_, index) => pool.members[index]?.admin_state_up);
  if (counted.length === 0) return 'OFFLINE';
  const working = counted.filter((status) => status !== 'ERROR' && status !== 'OFFLINE').length;
  if (working === 0) return counted.includes('ERROR') ? 'ERROR' : 'OFFLINE';
  if (working < counted.length) return 'DEGRADED';
  if (counted.every((status) => status === 'DRAINING')) return 'DRAINING';
  return pool.healthmonitor ? 'ONLINE' : 'NO_MONITOR';
}

export function listenerStatus(listener: Listener, pool: OperatingStatus): OperatingStatus {
  if (!listener.admin_state_up) return 'OFFLINE';
  return pool === 'NO_MONITOR' ? 'ONLINE' : pool;
}

export function loadBalancerStatus(
  lb: LoadBalancer,
  listeners: readonly OperatingStatus[],
): OperatingStatus {
  return lb.admin_state_up ? worst(listeners) : 'OFFLINE';
}

/** Of parts that serve independently: broken only when all are. */
export function worst(parts: readonly OperatingStatus[]): OperatingStatus {
  const serving = parts.filter((status) => status !== 'OFFLINE');
  if (serving.length === 0) return parts.length === 0 ? 'ONLINE' : 'OFFLINE';
  if (serving.every((status) => status === 'ERROR')) return 'ERROR';
  return serving.some((status) => status === 'ERROR' || status === 'DEGRADED')
    ? 'DEGRADED'
    : 'ONLINE';
}

/** As in the configuration: "443", "8000-8999" or "all". */
export function portText({ first, last }: PortRange): string {
  if (first === last) return String(first);
  return first === 1 && last === 65535 ? 'all' : `${first}-${last}`;
}
