// Which name has which number, for everything the maps number.

import type { Limits } from './dataplane-port.js';
import { IdSpace } from './ids.js';

export class Identities {
  readonly listeners: IdSpace;
  readonly pools: IdSpace;
  readonly members: IdSpace;
  readonly dests: IdSpace;
  readonly snatAddrs: IdSpace;
  readonly snatSets: IdSpace;

  /** Listeners, pools and members start at 1: 0 is what an unset entry holds. */
  constructor(limits: Limits, now?: () => number) {
    this.listeners = new IdSpace('listener', 1, limits.listeners, now);
    this.pools = new IdSpace('pool', 1, limits.pools, now);
    this.members = new IdSpace('member', 1, limits.members, now);
    this.dests = new IdSpace('destination', 0, limits.dests, now);
    this.snatAddrs = new IdSpace('SNAT address', 0, limits.snatAddrs, now);
    this.snatSets = new IdSpace('SNAT set', 0, limits.snatSets, now);
  }
}
