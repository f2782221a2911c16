// Names of things across configurations: what keeps its id, counters and
// connections when everything around it changes.

import type { Listener, LoadBalancer, Member, Protocol } from '../config/model.js';
import type { VipKey } from './dataplane-port.js';

export const PROTOCOL_NUMBER: Record<Protocol, number> = { TCP: 6, UDP: 17 };

/** Of an address in canonical text form. */
export const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

export const listenerName = (lb: LoadBalancer, listener: Listener): string =>
  `${lb.name}/${listener.name}`;

/** Members belong to a protocol in the maps, so a pool that serves both is two there. */
export const variantName = (protocol: Protocol, pool: string): string => `${protocol} ${pool}`;

/** A member is its address and port: renaming keeps it, moving makes another. */
export const memberKey = (member: Pick<Member, 'address' | 'protocol_port'>): string =>
  `${member.address} ${member.protocol_port}`;

export const memberName = (variant: string, key: string): string => `${variant} ${key}`;

export const destName = (protocol: number, address: string, port: number): string =>
  `${protocol} ${address} ${port}`;

export const vipName = (key: VipKey): string => `${key.proto} ${key.port} ${key.addr}`;
