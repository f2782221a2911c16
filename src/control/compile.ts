// From configuration objects to rows of the maps: pure, but for ids handed out.

import type {
  Config,
  Gateway,
  Listener,
  LoadBalancer,
  Member,
  Pool,
  Protocol,
} from '../config/model.js';
import { listener_flag, member_flag, pool_algorithm } from '../dataplane/abi.js';
import type { ListenerRow, MemberRow, PoolRow, SnatSetRow, VipKey } from './dataplane-port.js';
import type { Identities } from './identities.js';
import { maglevSize, maglevTable } from './maglev.js';
import {
  destName,
  familyOf,
  memberKey,
  memberName,
  PROTOCOL_NUMBER,
  variantName,
} from './names.js';
import { smoothSequence } from './schedule.js';

/** new: monitored, not yet seen to work. */
export type MemberHealth = 'up' | 'down' | 'new';

/** Tells a monitored member's health. */
export type HealthView = (pool: string, memberKey: string) => MemberHealth;

const { LB_SOURCE_IP, LB_QUIC_CID } = pool_algorithm;

const DEFAULT_DELAY = 300;

/** Seconds that existing connections are left after a removal or an administrative change. */
export const deregistrationDelay = (pool: Pool): number =>
  pool.deregistration_delay ?? DEFAULT_DELAY;

export interface CompiledMember {
  id: number;
  row: MemberRow;
  /** Seconds after which its connections are cut; null: never. */
  drain: number | null;
}

export interface CompiledPool {
  id: number;
  /** Without the position of its schedule. */
  row: Omit<PoolRow, 'schedule'>;
  order: Uint32Array;
  members: CompiledMember[];
}

function drainDelay(pool: Pool, member: Member, health: MemberHealth): number | null {
  if (!member.admin_state_up || member.weight === 0) return deregistrationDelay(pool);
  return health === 'down' ? (pool.deregistration_delay ?? 0) : null;
}

function compileMember(
  pool: Pool,
  poolId: number,
  protocol: Protocol,
  member: Member,
  health: HealthView,
  ids: Identities,
): CompiledMember {
  const key = memberKey(member);
  const proto = PROTOCOL_NUMBER[protocol];
  const state = pool.healthmonitor ? health(pool.name, key) : 'up';
  const usable = member.admin_state_up && member.weight > 0 && state === 'up';
  const up = member.admin_state_up && state === 'up' ? member_flag.MEMBER_UP : 0;
  return {
    id: ids.members.acquire(memberName(variantName(protocol, pool.name), key)),
    row: {
      addr: member.address,
      port: member.protocol_port,
      family: familyOf(member.address),
      proto,
      flags: up | (usable ? 0 : member_flag.MEMBER_DRAINING),
      dest: ids.dests.acquire(destName(proto, member.address, member.protocol_port)),
      weight: member.weight,
      pool: poolId,
    },
    drain: drainDelay(pool, member, state),
  };
}

export function isUsable(row: MemberRow): boolean {
  return (
    (row.flags & member_flag.MEMBER_UP) !== 0 && (row.flags & member_flag.MEMBER_DRAINING) === 0
  );
}

/** The size of the Maglev table that the pool has, or 0. */
function formerTable(former?: PoolRow): number {
  const hashed = former && (former.algorithm === LB_SOURCE_IP || former.algorithm === LB_QUIC_CID);
  return hashed ? former.schedule_len : 0;
}

function pickOrder(pool: Pool, members: CompiledMember[], former?: PoolRow): Uint32Array {
  const usable = members.filter((member) => isUsable(member.row));
  const weighted = usable.map(({ id, row }) => ({
    id,
    weight: row.weight,
    name: `${row.addr} ${row.port}`,
  }));
  switch (pool.lb_algorithm) {
    case 'ROUND_ROBIN':
      return smoothSequence(weighted);
    case 'LEAST_CONNECTIONS':
      return Uint32Array.from(weighted, (member) => member.id);
    case 'SOURCE_IP':
    case 'QUIC_CID':
      return maglevTable(weighted, maglevSize(pool.members.length, formerTable(former)));
  }
}

/** former: the pool's entry so far. */
export function compilePool(
  pool: Pool,
  protocol: Protocol,
  health: HealthView,
  ids: Identities,
  former: (id: number) => PoolRow | undefined,
): CompiledPool {
  const id = ids.pools.acquire(variantName(protocol, pool.name));
  const members = pool.members.map((member) =>
    compileMember(pool, id, protocol, member, health, ids),
  );
  const order = pickOrder(pool, members, former(id));
  const row = {
    schedule_len: order.length,
    algorithm: pool_algorithm[`LB_${pool.lb_algorithm}`],
    persistence_timeout: pool.session_persistence?.persistence_timeout ?? 0,
  };
  return { id, row, order, members };
}

export const isUp = (lb: LoadBalancer, listener: Listener): boolean =>
  lb.admin_state_up && listener.admin_state_up;

function hasAccessList({ allowed_cidrs, denied_cidrs }: Listener): boolean {
  return allowed_cidrs !== null || denied_cidrs !== null;
}

export function compileListener(
  gateway: Gateway,
  lb: LoadBalancer,
  listener: Listener,
  ids: Identities,
): ListenerRow {
  const flags =
    // Until the programs know access lists, a listener that has one lets nobody in.
    (isUp(lb, listener) && !hasAccessList(listener) ? listener_flag.LISTENER_UP : 0) |
    (listener.forwarding_mode === 'dnat' ? listener_flag.LISTENER_DNAT : 0) |
    (listener.client_address === 'toa' ? listener_flag.LISTENER_TOA : 0) |
    (gateway.stray_packets === 'drop' ? listener_flag.LISTENER_STRAY_DROP : 0);
  return {
    pool: ids.pools.acquire(variantName(listener.protocol, listener.pool)),
    flags,
    idle_timeout: listener.idle_timeout,
    connection_limit: listener.connection_limit,
    toa_kind: listener.toa.kind,
    snat_set: ids.snatSets.acquire(snatSetName(lb.snat_addresses ?? gateway.snat_addresses, ids)),
    acl: 0,
  };
}

/** The name of a set is its members' numbers. */
export function snatSetName(addresses: readonly string[], ids: Identities): string {
  const numbers = addresses.map((address) => ids.snatAddrs.acquire(address));
  return [...new Set(numbers)].sort((a, b) => a - b).join(',');
}

export function compileSnatSet(name: string, ids: Identities): SnatSetRow {
  const row = { mask4: 0n, mask6: 0n };
  for (const text of name.split(',').filter((part) => part !== '')) {
    const id = Number(text);
    const bit = 1n << BigInt(id);
    if (familyOf(ids.snatAddrs.nameOf(id) ?? '0.0.0.0') === 4) row.mask4 |= bit;
    else row.mask6 |= bit;
  }
  return row;
}

export function snatAddresses(config: Config): Set<string> {
  const overrides = config.loadbalancers.flatMap((lb) => lb.snat_addresses ?? []);
  return new Set([...config.gateway.snat_addresses, ...overrides]);
}

const ALL_PORTS = 65535;

/** The keys a listener is found by: one per VIP and port, or one per VIP for all ports. */
export function* vipKeys(lb: LoadBalancer, listener: Listener): Generator<VipKey> {
  const proto = PROTOCOL_NUMBER[listener.protocol];
  const { first, last } = listener.protocol_port;
  for (const addr of lb.vip_addresses) {
    if (first === 1 && last === ALL_PORTS) yield { addr, port: 0, proto };
    else for (let port = first; port <= last; port++) yield { addr, port, proto };
  }
}
