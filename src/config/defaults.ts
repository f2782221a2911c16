// Defaults that depend on other settings, and the shapes of model.ts.

import { endpoint } from '../endpoint.js';
import { portsOf } from './checks/listeners.js';
import type { HealthMonitor, Listener, Member, Pool } from './model.js';
import type { RawHealthMonitor, RawListener, RawMember, RawPool } from './schema.js';

const DEFAULT_TIMEOUT = 3;

export function buildListener(raw: RawListener, pool: string): Listener {
  const carriesToa = raw.protocol === 'TCP' && raw.forwarding_mode === 'fullnat';
  return {
    name: raw.name,
    protocol: raw.protocol,
    protocol_port: portsOf(raw.protocol_port),
    forwarding_mode: raw.forwarding_mode,
    client_address: carriesToa ? (raw.client_address ?? 'toa') : 'none',
    toa: raw.toa,
    idle_timeout: raw.idle_timeout,
    connection_limit: raw.connection_limit,
    allowed_cidrs: raw.allowed_cidrs && [...new Set(raw.allowed_cidrs)],
    denied_cidrs: raw.denied_cidrs && [...new Set(raw.denied_cidrs)],
    admin_state_up: raw.admin_state_up,
    pool,
  };
}

export function buildPool(name: string, raw: RawPool): Pool {
  const members: Member[] = [];
  for (const member of raw.members) if (member !== undefined) members.push(buildMember(member));
  return {
    name,
    lb_algorithm: raw.lb_algorithm,
    session_persistence: raw.session_persistence,
    deregistration_delay: raw.deregistration_delay,
    healthmonitor: raw.healthmonitor && buildHealthMonitor(raw.healthmonitor),
    members,
  };
}

/** A member without a name is called by its address and port. */
function buildMember(raw: RawMember): Member {
  return {
    name: raw.name ?? endpoint(raw.address, raw.protocol_port),
    address: raw.address,
    protocol_port: raw.protocol_port,
    weight: raw.weight,
    admin_state_up: raw.admin_state_up,
  };
}

function buildHealthMonitor(raw: RawHealthMonitor): HealthMonitor {
  return {
    ...raw,
    timeout: raw.timeout ?? Math.min(DEFAULT_TIMEOUT, raw.delay),
    expected_codes: String(raw.expected_codes),
  };
}
