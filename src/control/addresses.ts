// VIPs and SNAT addresses have to be on the host: neighbours ask for their
// link-layer address, and RST and ICMP come from them.

import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { Config } from '../config/model.js';
import type { Addon } from '../native/types.js';
import { snatAddresses } from './compile.js';
import { familyOf } from './names.js';
import type { HostAddress } from './state-file.js';

export interface HostAddressesOptions {
  addon: Pick<Addon, 'addressAdd' | 'addressDelete' | 'ifindex'>;
  log: {
    info(details: object, message: string): void;
    warn(details: object, message: string): void;
  };
  /** Addresses that a former daemon added. */
  added?: HostAddress[];
  interfacesOfHost?: typeof networkInterfaces;
  sysctlRoot?: string;
}

export class HostAddresses {
  readonly #added: Map<string, string>;

  constructor(private readonly options: HostAddressesOptions) {
    this.#added = new Map(
      (options.added ?? []).map(({ address, interface: name }) => [address, name]),
    );
  }

  /** For the state file. */
  get added(): HostAddress[] {
    return [...this.#added].map(([address, name]) => ({ address, interface: name }));
  }

  /** Adds what is missing. */
  ensure(config: Config): void {
    const host = (this.options.interfacesOfHost ?? networkInterfaces)();
    const present = new Set(
      Object.values(host).flatMap((list) => (list ?? []).map(({ address }) => address)),
    );
    for (const address of wantedAddresses(config)) {
      if (!present.has(address))
        this.#add(address, interfaceFor(address, config.gateway.interfaces, host));
    }
  }

  /** Takes off what this daemon or a former one added and nobody wants any more. */
  removeUnwanted(config: Config, inUse: ReadonlySet<string>): void {
    const wanted = wantedAddresses(config);
    for (const [address, name] of this.#added) {
      if (wanted.has(address) || inUse.has(address)) continue;
      this.#remove(address, name);
    }
  }

  /**
   * The programs ask the kernel for the way, which answers only where forwarding
   * is on. IPv6 forwarding also stops router advertisements: left alone unless used.
   */
  enableForwarding(config: Config): void {
    const { interfaces } = config.gateway;
    const members = config.pools.flatMap((pool) => pool.members.map(({ address }) => address));
    const families = new Set([...wantedAddresses(config), ...members].map(familyOf));
    for (const name of interfaces)
      for (const family of families) this.#setSysctl(`net/ipv${family}/conf/${name}/forwarding`);
  }

  #add(address: string, name: string): void {
    const { addon, log } = this.options;
    try {
      addon.addressAdd(addon.ifindex(name), address, familyOf(address) === 4 ? 32 : 128);
    } catch (error) {
      if ((error as { code?: string }).code === 'EEXIST') return;
      log.warn(
        { address, interface: name, error: String(error) },
        'cannot add address; add it by hand',
      );
      return;
    }
    this.#added.set(address, name);
    log.info({ address, interface: name }, 'added address');
  }

  #remove(address: string, name: string): void {
    const { addon, log } = this.options;
    this.#added.delete(address);
    try {
      addon.addressDelete(addon.ifindex(name), address, familyOf(address) === 4 ? 32 : 128);
      log.info({ address, interface: name }, 'removed address');
    } catch (error) {
      log.warn({ address, interface: name, error: String(error) }, 'cannot remove address');
    }
  }

  #setSysctl(name: string): void {
    const path = `${this.options.sysctlRoot ?? '/proc/sys'}/${name}`;
    try {
      if (readFileSync(path, 'utf8').trim() !== '0') return;
      writeFileSync(path, '1');
      this.options.log.info({ sysctl: name.replaceAll('/', '.') }, 'enabled forwarding');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // no such family here
      this.options.log.warn(
        { sysctl: name, error: String(error) },
        'cannot enable forwarding; set it to 1',
      );
    }
  }
}

export function wantedAddresses(config: Config): Set<string> {
  return new Set([
    ...config.loadbalancers.flatMap((lb) => lb.vip_addresses),
    ...snatAddresses(config),
  ]);
}

/** The interface whose subnet holds the address, else the first. */
export function interfaceFor(
  address: string,
  interfaces: readonly string[],
  host: ReturnType<typeof networkInterfaces>,
): string {
  const parsed = ipaddr.parse(address);
  const holds = (cidr: string | null) => {
    if (cidr === null) return false;
    const [network, prefix] = ipaddr.parseCIDR(cidr);
    // Another address on the host, /32 or /128, says nothing about subnets.
    const host = prefix === (network.kind() === 'ipv4' ? 32 : 128);
    return !host && network.kind() === parsed.kind() && parsed.match(network, prefix);
  };
  const found = interfaces.find((name) => (host[name] ?? []).some(({ cidr }) => holds(cidr)));
  return found ?? interfaces[0] ?? 'lo';
}
