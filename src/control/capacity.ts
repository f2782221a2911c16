// How much room a configuration needs in the maps, and whether there is enough.

import type { Config, Pool } from '../config/model.js';
import { limits } from '../dataplane/abi.js';
import { snatAddresses } from './compile.js';
import type { Limits } from './dataplane-port.js';
import { maglevSize } from './maglev.js';
import { usedVariants } from './plan-pools.js';
import { OutOfRoomError } from './runs.js';
import { gcd } from './schedule.js';

export type Needs = Record<
  'listeners' | 'pools' | 'members' | 'schedule' | 'snatAddrs' | 'vips',
  number
>;

export function needs(config: Config): Needs {
  const listeners = config.loadbalancers.flatMap((lb) =>
    lb.listeners.map((listener) => ({ lb, listener })),
  );
  const variants = [...usedVariants(config).values()];
  return {
    listeners: listeners.length,
    pools: variants.length,
    members: sum(variants, ({ pool }) => pool.members.length),
    schedule: sum(variants, ({ pool }) => slots(pool)),
    snatAddrs: snatAddresses(config).size,
    vips: sum(
      listeners,
      ({
        lb,
        listener: {
          protocol_port: { first, last },
        },
      }) => lb.vip_addresses.length * (first === 1 && last === 65535 ? 1 : last - first + 1),
    ),
  };
}

/** At most; fewer when members are down. */
function slots(pool: Pool): number {
  if (pool.lb_algorithm === 'LEAST_CONNECTIONS') return pool.members.length;
  if (pool.lb_algorithm !== 'ROUND_ROBIN') return maglevSize(pool.members.length);
  const weights = pool.members.map((member) => member.weight);
  return sum(weights, (weight) => weight) / (weights.reduce(gcd, 0) || 1);
}

/** Sizes for new maps: room to grow several times without making them anew. */
export function roomFor(config: Config): Omit<Limits, 'snatAddrs'> {
  const needed = needs(config);
  const roomy = (count: number, least: number) => Math.max(count * 4, least);
  const overrides = config.loadbalancers.filter((lb) => lb.snat_addresses !== null).length;
  return {
    listeners: Math.min(roomy(needed.listeners, 1024), limits.MAX_LISTENERS),
    pools: roomy(needed.pools, 1024),
    members: roomy(needed.members, 4096),
    dests: roomy(needed.members, 4096),
    schedule: needed.schedule * 2 + (1 << 18),
    snatSets: roomy(overrides, 64),
    vips: roomy(needed.vips, 4096),
  };
}

/** Throws when the maps, sized when they were made, are too small. */
export function checkCapacity(config: Config, room: Limits): void {
  const needed = needs(config);
  const short = (Object.keys(needed) as (keyof Needs)[])
    .filter((what) => needed[what] > room[what])
    .map((what) => `${needed[what]} ${WORDS[what]}, room for ${room[what]}`);
  if (short.length > 0)
    throw new OutOfRoomError(
      `the maps are too small for this configuration: ${short.join('; ')}. They are sized when they are made: ` +
        'to make them anew, stop clearnat, remove its pins (`rm -r` of the --pin-path; ends connections) and start again',
    );
}

const WORDS: Record<keyof Needs, string> = {
  listeners: 'listeners',
  pools: 'pools',
  members: 'members',
  schedule: 'schedule slots',
  snatAddrs: 'SNAT addresses',
  vips: 'addresses with ports',
};

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0);
}
