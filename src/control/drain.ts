// Drain and cut (SPEC section 6): who takes no new connections keeps the
// existing ones for a while, then they are ended with RST to both ends. Retired
// things are released once nothing uses them any more.

import { end_reason } from '../dataplane/abi.js';
import type { Connection, DataplanePort, FlowCursor } from './dataplane-port.js';
import type { DrainBook, DrainKind, DrainTarget } from './drain-book.js';
import type { Terminator } from './ending.js';

export interface DrainOptions {
  port: DataplanePort;
  book: DrainBook;
  terminator: Terminator;
  /** Takes retired, unused things out of the maps. */
  release: (targets: [DrainKind, DrainTarget][]) => Promise<unknown>;
  log: { info(details: object, message: string): void };
}

export class Drainer {
  constructor(private readonly options: DrainOptions) {}

  /** One pass: cuts what is due, releases what is unused. Returns how many connections were cut. */
  async sweep(): Promise<number> {
    const { book, port, release } = this.options;
    if (book.size === 0 || !this.#worthLooking()) return 0;
    const used = {
      members: new Set(),
      listeners: new Set(),
      vips: new Set(),
      snatAddrs: new Set(),
    };
    // Only what was retired before the table is read may be released after it.
    const retired = [...book.removed()];
    const look = this.#selector();
    let cut = 0;
    for await (const batch of port.connections(look)) {
      const due = batch.filter((connection) => this.#isDue(connection));
      cut += this.#cut(due);
      for (const connection of batch) {
        used.members.add(connection.memberId);
        used.listeners.add(connection.listener);
        used.vips.add(connection.vip.addr);
        used.snatAddrs.add(connection.snatIndex);
      }
    }
    const still = new Set([...book.removed()].map((entry) => entry.join(' ')));
    const unused = retired.filter(
      (entry) => still.has(entry.join(' ')) && !used[entry[0]].has(entry[1]),
    );
    if (unused.length > 0) await release(unused);
    return cut;
  }

  /** Whether anything is removed, or due and not yet empty. */
  #worthLooking(): boolean {
    const { book, port } = this.options;
    for (const _ of book.removed()) return true;
    const busy = ({ active, inactive }: { active: number; inactive: number }) =>
      active + inactive > 0;
    for (const id of book.members.keys())
      if (book.due('members', id) && busy(port.memberConns(Number(id)))) return true;
    for (const id of book.listeners.keys())
      if (book.due('listeners', id) && busy(port.listenerConns(Number(id)))) return true;
    return false;
  }

  /** Entries that can concern the book; addresses are only known once decoded. */
  #selector(): (flow: FlowCursor) => boolean {
    const { members, listeners, snatAddrs, vips } = this.options.book;
    if (vips.size > 0) return () => true;
    return (flow) =>
      members.has(flow.member) || listeners.has(flow.listener) || snatAddrs.has(flow.snat);
  }

  #isDue({ memberId, listener, vip, snatIndex }: Connection): boolean {
    const { book } = this.options;
    return (
      book.due('members', memberId) ||
      book.due('listeners', listener) ||
      book.due('vips', vip.addr) ||
      book.due('snatAddrs', snatIndex)
    );
  }

  #cut(connections: Connection[]): number {
    if (connections.length === 0) return 0;
    const count = this.options.terminator.end(connections, end_reason.END_CUT, () => true);
    this.options.log.info(
      { connections: count },
      'cut connections of drained members or listeners',
    );
    return count;
  }
}
