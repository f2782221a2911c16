// What the API needs of the daemon. src/daemon.ts implements it.

import type { ConnectionFilter } from './filter.js';
import type { ConnectionPage, LoadBalancerView, ReloadResult, Stats, Status } from './schemas.js';

export type { ConnectionFilter } from './filter.js';
export type * from './schemas.js';

export interface Runtime {
  status(): Promise<Status>;
  /** Every load balancer with its listeners, pools and members, in the configuration's order. */
  listTree(): Promise<LoadBalancerView[]>;
  /** Counters since the maps were made. Drop reasons that are zero may be left out. */
  stats(): Promise<Stats>;
  /** At most `filter.limit`; `connectionMatcher` in filter.ts tests a row. */
  connections(filter: ConnectionFilter): Promise<ConnectionPage>;
  /**
   * Reads the configuration file and applies it. Throws InvalidConfigError when
   * the file is wrong, and then has changed nothing.
   */
  reload(): Promise<ReloadResult>;
}
