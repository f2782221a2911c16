// Settings that are valid but that this version's data plane does not act upon
// yet. Told by `check` and at start, so that nobody relies on them unknowingly.
import { isIPv6 } from 'node:net';
import type { Config, Listener, LoadBalancer, Pool } from './model.js';

/** One sentence each; empty when everything in the configuration works. */
export function unsupported(config: Config): string[] {
  const found = config.loadbalancers.flatMap(ofLoadBalancer);
  const { snat_addresses } = config.gateway;
  if (snat_addresses.some(isIPv6)) found.push('IPv6 SNAT addresses are not used yet');
  return [...found, ...config.pools.flatMap(ofPool)];
}

function ofLoadBalancer(loadbalancer: LoadBalancer): string[] {
  const own = loadbalancer.vip_addresses
    .filter(isIPv6)
    .map((vip) => `load balancer ${loadbalancer.name}: VIP ${vip}: IPv6 is not forwarded yet`);
  return [
    ...own,
    ...loadbalancer.listeners.flatMap((listener) =>
      ofListener(listener).map((what) => `listener ${loadbalancer.name}/${listener.name}: ${what}`),
    ),
  ];
}

function ofListener(listener: Listener): string[] {
  const found: string[] = [];
  if (listener.forwarding_mode === 'dnat')
    found.push('forwarding_mode dnat is not there yet, fullnat is used');
  if (listener.allowed_cidrs || listener.denied_cidrs)
    found.push('allowed_cidrs and denied_cidrs are not there yet: the listener refuses everybody');
  return found;
}

function ofPool(pool: Pool): string[] {
  const found = pool.members
    .filter(({ address }) => isIPv6(address))
    .map(({ address }) => `pool ${pool.name}: member ${address}: IPv6 is not forwarded yet`);
  if (pool.session_persistence)
    found.push(`pool ${pool.name}: session_persistence is not there yet`);
  if (pool.lb_algorithm === 'QUIC_CID')
    found.push(`pool ${pool.name}: QUIC_CID is not there yet, members take turns`);
  return found;
}
