// Keeps the programs' next hops true: tells them when routes, links, addresses
// or link-layer addresses change, and keeps the neighbours they use resolved.

import type { Addon, NetlinkEvent, NetlinkMonitor } from '../native/types.js';
import type { DataplanePort } from './dataplane-port.js';

const HEARTBEAT_MS = 500;
/** Every next hop is asked for once in this time. */
const REFRESH_MS = 5000;
const TICK_MS = 50;

export interface NeighboursOptions {
  port: Pick<DataplanePort, 'bumpFibGeneration' | 'heartbeat' | 'onNoNeighbour'>;
  addon: Pick<Addon, 'netlinkMonitor' | 'neighbourUse' | 'routeGet'>;
  log: {
    debug(details: object, message: string): void;
    warn(details: object, message: string): void;
  };
  onLink?: (event: NetlinkEvent) => void;
}

export class Neighbours {
  readonly #lladdrs = new Map<string, string>();
  readonly #unroutable = new Set<string>();
  #addresses: string[] = [];
  #next = 0;
  #monitor: NetlinkMonitor | null = null;
  #timers: NodeJS.Timeout[] = [];

  constructor(private readonly options: NeighboursOptions) {}

  start(): void {
    const { port, addon } = this.options;
    this.#monitor = addon.netlinkMonitor(
      (events) => this.take(events),
      () => port.bumpFibGeneration(), // events were lost: anything may have changed
    );
    port.onNoNeighbour(({ ifindex, nexthop }) => this.#ask(ifindex, nexthop));
    port.heartbeat();
    this.#timers = [
      setInterval(() => port.heartbeat(), HEARTBEAT_MS),
      setInterval(() => this.#refreshSome(), TICK_MS),
    ];
  }

  /** Member addresses whose next hops are kept resolved; asked for at once. */
  setAddresses(addresses: Iterable<string>): void {
    const known = new Set(this.#addresses);
    this.#addresses = [...new Set(addresses)];
    for (const address of this.#addresses) if (!known.has(address)) this.#use(address);
  }

  take(events: NetlinkEvent[]): void {
    const matters = events.filter((event) => this.#matters(event));
    if (matters.length === 0) return;
    this.options.port.bumpFibGeneration();
    this.options.log.debug(
      { events: matters.length, first: matters[0] },
      'next hops are looked up again',
    );
    for (const event of matters) if (event.kind === 'link') this.options.onLink?.(event);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#monitor?.close();
    this.#monitor = null;
  }

  /** Neighbours change state all the time; only another or no link-layer address matters. */
  #matters({ kind, action, ifindex, subject, lladdr }: NetlinkEvent): boolean {
    if (kind !== 'neighbour') return true;
    const key = `${ifindex} ${subject}`;
    const known = this.#lladdrs.get(key);
    if (action === 'delete' || lladdr === null) {
      this.#lladdrs.delete(key);
      return known !== undefined || action === 'delete';
    }
    this.#lladdrs.set(key, lladdr);
    // Not known: it may have been resolved before we listened, with another address.
    return known !== lladdr;
  }

  #refreshSome(): void {
    const { length } = this.#addresses;
    const share = Math.ceil((length * TICK_MS) / REFRESH_MS);
    for (let i = 0; i < share; i++) this.#use(this.#addresses[this.#next++ % length] as string);
    if (length > 0) this.#next %= length;
  }

  #use(address: string): void {
    try {
      const { ifindex, gateway } = this.options.addon.routeGet(address);
      this.#ask(ifindex, gateway ?? address);
      this.#unroutable.delete(address);
    } catch (error) {
      if (this.#unroutable.has(address)) return;
      this.#unroutable.add(address);
      this.options.log.warn({ address, error: String(error) }, 'no route to member');
    }
  }

  #ask(ifindex: number, nexthop: string): void {
    try {
      this.options.addon.neighbourUse(ifindex, nexthop);
    } catch (error) {
      this.options.log.debug(
        { ifindex, nexthop, error: String(error) },
        'cannot ask for a neighbour',
      );
    }
  }
}
