// The interfaces that the programs are attached to; one that vanishes and
// returns is attached to again.

import type { Config } from '../config/model.js';
import type { Addon } from '../native/types.js';
import type { Log } from './log.js';

export interface Attacher {
  attach(name: string, mode: 'auto' | 'native' | 'generic'): { mode: string };
  detach(name: string): void;
  /** Interfaces of a former configuration. */
  leftAttached(): string[];
}

export class Interfaces {
  /** By name, the index attached to. */
  readonly #attached = new Map<string, number>();
  #wanted: readonly string[] = [];
  #mode: Config['gateway']['xdp_mode'] = 'auto';

  constructor(
    private readonly dataplane: Attacher,
    private readonly addon: Pick<Addon, 'ifindex'>,
    private readonly log: Log,
  ) {}

  /** Attaches and detaches as the configuration says. Throws when an interface refuses. */
  set({ gateway }: Config): void {
    this.#mode = gateway.xdp_mode;
    for (const name of gateway.interfaces) if (!this.#attached.has(name)) this.#attach(name);
    for (const name of this.#attached.keys())
      if (!gateway.interfaces.includes(name)) this.#detach(name);
    // Their programs would go on with the tables of the process before.
    for (const name of this.dataplane.leftAttached())
      if (!gateway.interfaces.includes(name)) this.#detach(name);
    this.#wanted = gateway.interfaces;
  }

  /** After a link event. */
  check(): void {
    for (const name of this.#wanted) {
      const now = this.#index(name);
      if (now === this.#attached.get(name)) continue;
      this.#attached.delete(name);
      if (now === undefined) {
        this.log.warn({ interface: name }, 'interface is gone');
        continue;
      }
      try {
        this.#attach(name);
      } catch (error) {
        this.log.error(
          { interface: name, error: String(error) },
          'cannot attach to interface again',
        );
      }
    }
  }

  #attach(name: string): void {
    const { mode } = this.dataplane.attach(name, this.#mode);
    this.#attached.set(name, this.addon.ifindex(name));
    this.log.info({ interface: name, mode }, 'attached');
  }

  #detach(name: string): void {
    this.dataplane.detach(name);
    this.#attached.delete(name);
    this.log.info({ interface: name }, 'detached');
  }

  #index(name: string): number | undefined {
    try {
      return this.addon.ifindex(name);
    } catch {
      return undefined;
    }
  }
}
