// From what the file says (schema.ts) to what the rest of the program uses
// (model.ts), with every check that looks at more than one setting.

import { checkGateway, familySet, SnatExpander } from './checks/gateway.js';
import { checkListener, checkOverlaps } from './checks/listeners.js';
import {
  checkPool,
  checkPoolUse,
  familiesOf,
  type PoolFamilies,
  type PoolUse,
} from './checks/pools.js';
import { type Report, refuseRepeated } from './checks/report.js';
import { buildListener, buildPool } from './defaults.js';
import type { Config, Listener, LoadBalancer, Pool } from './model.js';
import type { Path } from './problems.js';
import { each } from './read.js';
import type { RawConfig, RawListener, RawLoadBalancer, RawPool } from './schema.js';
import { didYouMean } from './suggest.js';

/** bpf/shared.h: MAX_LISTENERS. */
const MAX_LISTENERS = 65535;

/** `poolNames`: also of pools that are themselves wrong. The result is good only without problems. */
export function buildConfig(
  raw: RawConfig,
  poolNames: ReadonlySet<string>,
  report: Report,
): Config {
  return new Builder(raw, poolNames, report).build();
}

interface KnownPool {
  raw: RawPool;
  families: PoolFamilies;
}

class Builder {
  private readonly snat: SnatExpander;
  private readonly pools: Pool[] = [];
  private readonly shared = new Map<string, KnownPool>();
  private readonly inline: { raw: RawPool; path: Path }[] = [];
  private readonly vips = new Set<string>();
  private listeners = 0;

  constructor(
    private readonly raw: RawConfig,
    private readonly poolNames: ReadonlySet<string>,
    private readonly report: Report,
  ) {
    this.snat = new SnatExpander(report);
  }

  build(): Config {
    const { raw, report } = this;
    const { gateway } = raw;
    checkGateway(report, gateway);
    const snatAddresses = this.snat.expand(gateway.snat_addresses, ['gateway', 'snat_addresses']);
    this.sharedPools();
    const where = (index: number): Path => ['loadbalancers', index, 'name'];
    refuseRepeated(report, each(raw.loadbalancers), ({ name }) => name, where, 'this name');
    const loadbalancers: LoadBalancer[] = [];
    for (const [index, item] of each(raw.loadbalancers)) {
      loadbalancers.push(this.loadBalancer(item, ['loadbalancers', index], snatAddresses));
    }
    this.checkOwnAddresses();
    return {
      gateway: { ...gateway, snat_addresses: snatAddresses },
      loadbalancers,
      pools: this.pools,
    };
  }

  private sharedPools(): void {
    const { raw, report } = this;
    const where = (index: number): Path => ['pools', index, 'name'];
    refuseRepeated(report, each(raw.pools), ({ name }) => name, where, 'this name');
    for (const [index, pool] of each(raw.pools)) {
      checkPool(report, ['pools', index], pool);
      this.shared.set(pool.name, { raw: pool, families: familiesOf(pool) });
      this.pools.push(buildPool(pool.name, pool));
    }
  }

  private loadBalancer(raw: RawLoadBalancer, path: Path, gatewaySnat: string[]): LoadBalancer {
    const { report } = this;
    for (const [index, vip] of each(raw.vip_addresses)) {
      if (this.vips.has(vip)) {
        report.add([...path, 'vip_addresses', index], 'this VIP is used twice', vip);
      }
      this.vips.add(vip);
    }
    const snatPath = [...path, 'snat_addresses'];
    const snat = raw.snat_addresses && this.snat.expand(raw.snat_addresses, snatPath);
    const listenersPath = [...path, 'listeners'];
    const where = (index: number): Path => [...listenersPath, index, 'name'];
    refuseRepeated(report, each(raw.listeners), ({ name }) => name, where, 'this name');
    checkOverlaps(report, listenersPath, raw.listeners);
    const use = {
      vips: familySet(raw.vip_addresses),
      snat: familySet(snat ?? gatewaySnat),
      snatPath: snat === null ? ['gateway', 'snat_addresses'] : snatPath,
    };
    const listeners: Listener[] = [];
    for (const [index, listener] of each(raw.listeners)) {
      listeners.push(this.listener(raw.name, listener, [...listenersPath, index], use));
    }
    return {
      name: raw.name,
      vip_addresses: raw.vip_addresses,
      admin_state_up: raw.admin_state_up,
      snat_addresses: snat,
      listeners,
    };
  }

  private listener(
    balancer: string,
    raw: RawListener,
    path: Path,
    use: Pick<PoolUse, 'vips' | 'snat' | 'snatPath'>,
  ): Listener {
    const { report } = this;
    this.listeners++;
    if (this.listeners === MAX_LISTENERS + 1) {
      report.add(path, `a gateway has at most ${MAX_LISTENERS} listeners`, this.listeners);
    }
    checkListener(report, path, raw);
    const poolPath = [...path, 'pool'];
    const pool = this.poolOf(raw, poolPath, `${balancer}/${raw.name}`);
    if (pool !== undefined) {
      const { raw: rawPool, families } = pool;
      checkPoolUse(report, { listener: raw, path: poolPath, pool: rawPool, families, ...use });
    }
    return buildListener(raw, typeof raw.pool === 'string' ? raw.pool : `${balancer}/${raw.name}`);
  }

  private poolOf(raw: RawListener, path: Path, inlineName: string): KnownPool | undefined {
    const { pool } = raw;
    if (typeof pool === 'string') {
      if (!this.poolNames.has(pool)) {
        const hint = didYouMean(pool, this.poolNames);
        this.report.add(path, `is not the name of an entry of pools${hint}`, pool);
      }
      return this.shared.get(pool);
    }
    checkPool(this.report, path, pool);
    this.pools.push(buildPool(inlineName, pool));
    this.inline.push({ raw: pool, path });
    return { raw: pool, families: familiesOf(pool) };
  }

  /** The gateway cannot forward to itself. */
  private checkOwnAddresses(): void {
    for (const [index, pool] of each(this.raw.pools)) this.checkMembers(pool, ['pools', index]);
    for (const { raw, path } of this.inline) this.checkMembers(raw, path);
  }

  private checkMembers(pool: RawPool, path: Path): void {
    for (const [index, { address }] of each(pool.members)) {
      const what = this.vips.has(address)
        ? 'is a VIP of this gateway'
        : this.snat.addresses.has(address)
          ? 'is a SNAT address of this gateway'
          : null;
      if (what === null) continue;
      this.report.add([...path, 'members', index, 'address'], `${what}; use a member's`, address);
    }
  }
}
