// The daemon as the API sees it.

import type {
  ConnectionFilter,
  ConnectionPage,
  LoadBalancerView,
  ReloadResult,
  Runtime,
  Stats,
  Status,
} from '../api/runtime.js';
import type { Control } from '../control/control.js';
import type { DataplanePort } from '../control/dataplane-port.js';
import { version } from '../version.js';
import { connectionPage } from './connections.js';
import { stats } from './stats.js';
import { loadBalancerViews } from './tree.js';
import { worst } from './words.js';

export class DaemonRuntime implements Runtime {
  readonly #startedAt = new Date();

  constructor(
    private readonly control: Control,
    private readonly port: DataplanePort,
    private readonly configPath: string,
    readonly reload: () => Promise<ReloadResult>,
  ) {}

  async status(): Promise<Status> {
    const tree = loadBalancerViews(this.control, this.port);
    const listeners = tree.flatMap((lb) => lb.listeners);
    // A shared pool's members count once.
    const pools = new Map(listeners.map(({ pool }) => [pool.name, pool]));
    const members = [...pools.values()].flatMap((pool) => pool.members);
    return {
      version: version(),
      pid: process.pid,
      config_file: this.configPath,
      started_at: this.#startedAt.toISOString(),
      operating_status: worst(tree.map((lb) => lb.operating_status)),
      loadbalancers: tree.length,
      listeners: listeners.length,
      members: members.length,
      members_online: members.filter(
        ({ operating_status: status }) => status === 'ONLINE' || status === 'NO_MONITOR',
      ).length,
    };
  }

  async listTree(): Promise<LoadBalancerView[]> {
    return loadBalancerViews(this.control, this.port);
  }

  async stats(): Promise<Stats> {
    return stats(this.control, this.port);
  }

  connections(filter: ConnectionFilter): Promise<ConnectionPage> {
    return connectionPage(this.control, this.port, filter);
  }
}
