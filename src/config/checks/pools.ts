// What must hold inside a pool and between a pool and the listeners that use it.

import { endpoint } from '../../endpoint.js';
import { familyOf } from '../addresses.js';
import type { Path } from '../problems.js';
import { each } from '../read.js';
import type { RawListener, RawMember, RawPool } from '../schema.js';
import { type Report, refuseRepeated } from './report.js';

export function checkPool(report: Report, path: Path, pool: RawPool): void {
  checkAlgorithm(report, path, pool);
  const { healthmonitor: monitor } = pool;
  if (monitor?.timeout !== undefined && monitor.timeout > monitor.delay) {
    const message = `must be at most delay, which is ${monitor.delay}`;
    report.add([...path, 'healthmonitor', 'timeout'], message, monitor.timeout);
  }
  const where = (key: string) => (index: number) => [...path, 'members', index, key];
  const address = (member: RawMember) => endpoint(member.address, member.protocol_port);
  const members = () => each(pool.members);
  refuseRepeated(report, members(), address, where('address'), 'this address and port');
  refuseRepeated(report, members(), ({ name }) => name, where('name'), 'this name');
}

function checkAlgorithm(report: Report, path: Path, pool: RawPool): void {
  const { lb_algorithm: algorithm, session_persistence: persistence } = pool;
  if (persistence !== null && (algorithm === 'SOURCE_IP' || algorithm === 'QUIC_CID')) {
    const message = `must be null with lb_algorithm ${algorithm}, which keeps the member itself`;
    report.add([...path, 'session_persistence'], message, persistence, 'key');
  }
}

/** Families of a pool's members, each with the first member of it. */
export type PoolFamilies = Map<4 | 6, number>;

export function familiesOf(pool: RawPool): PoolFamilies {
  const families: PoolFamilies = new Map();
  for (const [index, member] of each(pool.members)) {
    const family = familyOf(member.address);
    if (!families.has(family)) families.set(family, index);
  }
  return families;
}

export interface PoolUse {
  listener: RawListener;
  /** Of the listener's `pool` key. */
  path: Path;
  pool: RawPool;
  families: PoolFamilies;
  vips: ReadonlySet<4 | 6>;
  /** Families of the SNAT addresses that this listener uses. */
  snat: ReadonlySet<4 | 6>;
  snatPath: Path;
}

export function checkPoolUse(report: Report, use: PoolUse): void {
  const { listener, path, pool } = use;
  const got = typeof listener.pool === 'string' ? listener.pool : pool.members;
  if (pool.lb_algorithm === 'QUIC_CID' && listener.protocol !== 'UDP') {
    report.add(path, 'must not use QUIC_CID with a TCP listener: QUIC is UDP', 'QUIC_CID');
  }
  if (listener.forwarding_mode === 'dnat') {
    for (const family of use.families.keys()) {
      if (use.vips.has(family)) continue;
      const message = `must have no IPv${family} members: dnat keeps the family and there is no IPv${family} VIP`;
      report.add(path, message, got);
    }
    for (const family of use.vips) {
      if (use.families.size === 0 || use.families.has(family)) continue;
      const message = `must have IPv${family} members: dnat keeps the family of the IPv${family} VIP`;
      report.add(path, message, got);
    }
    return;
  }
  for (const family of use.families.keys()) {
    // An address that is wrong has been told; it is not missing as well.
    if (use.snat.has(family) || report.concerns(use.snatPath)) continue;
    const message = `needs an IPv${family} address in snat_addresses for its IPv${family} members`;
    report.add(path, message, got);
  }
}
