import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Config, Pool } from '../../../src/config/model.js';
import { adopt } from '../../../src/control/adopt.js';
import type { MemberHealth } from '../../../src/control/compile.js';
import { listenerName, memberKey, PROTOCOL_NUMBER, vipName } from '../../../src/control/names.js';
import { Reconciler } from '../../../src/control/reconciler.js';
import { emptyState, namesById } from '../../../src/control/state-file.js';
import {
  config,
  configArb,
  listener,
  loadbalancer,
  member,
  pool,
  TCP_MONITOR,
} from './support/configs.js';
import { LIMITS, MemoryPort } from './support/memory-port.js';

/** What a client at a VIP gets: the whole of the maps, followed as a program does. */
function served(port: MemoryPort): Map<string, object> {
  const found = new Map<string, object>();
  for (const [name, { listener: id }] of port.vips) {
    const row = port.listeners.get(id);
    assert.ok(row);
    const poolRow = port.pools.get(row.pool);
    assert.ok(poolRow);
    const order = port.readSchedule(poolRow.schedule, poolRow.schedule_len);
    const picks = new Map<string, number>();
    for (const memberId of order) {
      const target = port.members.get(memberId);
      assert.ok(target);
      assert.equal(target.flags, 1, 'a pick that is up and not draining');
      const key = `${target.addr} ${target.port} ${target.proto}`;
      picks.set(key, (picks.get(key) ?? 0) + 1);
    }
    const set = port.snatSets.get(row.snat_set);
    assert.ok(set);
    const snat = [...port.snatAddrs].filter(
      ([bit]) => ((set.mask4 | set.mask6) >> BigInt(bit)) & 1n,
    );
    const { flags, idle_timeout } = row;
    found.set(name, {
      flags,
      idle_timeout,
      picks: [...picks].sort(),
      algorithm: poolRow.algorithm,
      persistence: poolRow.persistence_timeout,
      snat: snat.map(([, addr]) => addr).sort(),
    });
  }
  return found;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The same, straight from the configuration and by nothing of src/control but names. */
function expected(
  wanted: Config,
  health: (poolName: string, key: string) => MemberHealth,
): Map<string, object> {
  const found = new Map<string, { span: number; value: object }>();
  const picksOf = (from: Pool, proto: number) => {
    const usable = from.members.filter(
      (each) =>
        each.admin_state_up &&
        each.weight > 0 &&
        (!from.healthmonitor || health(from.name, memberKey(each)) === 'up'),
    );
    const divisor = usable.reduce((all, each) => gcd(all, each.weight), 0);
    const times = (weight: number) => (from.lb_algorithm === 'ROUND_ROBIN' ? weight / divisor : 1);
    return usable
      .map((each) => [`${each.address} ${each.protocol_port} ${proto}`, times(each.weight)])
      .sort();
  };
  for (const lb of wanted.loadbalancers)
    for (const each of lb.listeners) {
      const from = wanted.pools.find(({ name }) => name === each.pool) as Pool;
      const proto = PROTOCOL_NUMBER[each.protocol];
      const { first, last } = each.protocol_port;
      const span = last - first;
      const ports = span === 65534 ? [0] : Array.from({ length: span + 1 }, (_, i) => first + i);
      const value = {
        flags:
          (lb.admin_state_up && each.admin_state_up ? 1 : 0) |
          (each.forwarding_mode === 'dnat' ? 2 : 0) |
          4,
        idle_timeout: each.idle_timeout,
        picks: picksOf(from, proto),
        algorithm: from.lb_algorithm === 'ROUND_ROBIN' ? 0 : 1,
        persistence: from.session_persistence?.persistence_timeout ?? 0,
        snat: [...(lb.snat_addresses ?? wanted.gateway.snat_addresses)].sort(),
      };
      for (const addr of lb.vip_addresses)
        for (const port of ports) {
          const name = vipName({ addr, port, proto });
          if ((found.get(name)?.span ?? Number.POSITIVE_INFINITY) > span)
            found.set(name, { span, value });
        }
    }
  return new Map([...found].map(([name, { value }]) => [name, value]));
}

const sorted = (map: Map<string, object>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** Everything removed, released and slept over. */
async function releaseAll(reconciler: Reconciler): Promise<void> {
  await reconciler.release([...reconciler.book.removed()]);
}

describe('Reconciler', () => {
  it('makes the maps equal to any sequence of configurations and health changes', async () => {
    const step = fc.record({
      config: configArb,
      health: fc.array(fc.constantFrom<MemberHealth>('up', 'up', 'down', 'new'), {
        minLength: 4,
        maxLength: 8,
      }),
      release: fc.boolean(),
      fail: fc.option(fc.integer({ min: 1, max: 30 }), { freq: 4 }),
      restart: fc.integer({ min: 0, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        let clock = 0;
        const now = () => clock;
        const port = new MemoryPort();
        let states: MemberHealth[] = ['up'];
        const health = (poolName: string, key: string): MemberHealth =>
          states[
            (poolName.charCodeAt(1) * 7 + key.length + key.charCodeAt(7)) % states.length
          ] as MemberHealth;
        let reconciler = new Reconciler({ port, health, now });
        for (const { config: wanted, health: next, release, fail, restart } of steps) {
          clock += 500;
          if (restart === 0) {
            // A new daemon, sometimes without its predecessor's notes.
            const { ids } = reconciler;
            const state =
              clock % 1000 === 0
                ? emptyState()
                : {
                    ...emptyState(),
                    listeners: namesById(ids.listeners),
                    pools: namesById(ids.pools),
                  };
            port.restart();
            reconciler = new Reconciler({
              port,
              health,
              now,
              ...(await adopt(port, state, wanted)),
            });
          }
          if (fail !== null) {
            port.failIn = fail;
            await reconciler
              .apply(wanted)
              .catch((error: Error) => assert.match(error.message, /refused/));
            port.failIn = Number.POSITIVE_INFINITY;
          }
          await reconciler.apply(wanted);
          assert.deepEqual(sorted(served(port)), sorted(expected(wanted, health)));
          const before = port.calls;
          await reconciler.apply(structuredClone(wanted));
          assert.equal(port.calls, before, 'the same again changes nothing');
          states = next;
          await reconciler.refreshPools(wanted.pools.map(({ name }) => name));
          assert.deepEqual(sorted(served(port)), sorted(expected(wanted, health)));
          if (release) await releaseAll(reconciler);
          assert.deepEqual(sorted(served(port)), sorted(expected(wanted, health)));
          if (release) assertNothingLeft(port, wanted);
        }
      }),
      { numRuns: Number(process.env.FC_RUNS ?? 150) },
    );
  });

  it('touches one pool for one weight, whatever the size of the rest', async () => {
    const count = 10_000;
    const members = (n: number) =>
      Array.from({ length: 10 }, (_, i) =>
        member(`10.${n >> 8}.${n & 255}.${i + 1}`, { weight: i + 1 }),
      );
    const pools = Array.from({ length: count }, (_, n) => pool(`p${n}`, members(n)));
    const listeners = pools.map(({ name }, n) => listener(`l${n}`, 1000 + n, name));
    const whole = config([loadbalancer('lb', ['203.0.113.1'], listeners)], pools);
    const port = new MemoryPort(LIMITS, false);
    const reconciler = new Reconciler({ port, health: () => 'up' });
    // Processor time: what else the machine does is not the matter.
    const spent = (since: NodeJS.CpuUsage) => process.cpuUsage(since).user / 1000;
    let began = process.cpuUsage();
    await reconciler.apply(whole);
    const loading = spent(began);
    assert.ok(loading < 10_000, `loaded in ${loading} ms`);
    const changed = pool('p7', [...members(7).slice(0, 9), member('10.0.7.10', { weight: 99 })]);
    const next = {
      ...whole,
      pools: whole.pools.map((each) => (each.name === 'p7' ? changed : each)),
    };
    began = process.cpuUsage();
    const ops = await reconciler.apply(next);
    const shared = spent(began);
    assert.deepEqual(
      ops.map(({ op }) => op),
      ['setMember', 'writeSchedule', 'setPool'],
    );
    assert.ok(shared < 50, `one weight took ${shared} ms`);
    began = process.cpuUsage();
    assert.deepEqual(await reconciler.apply(structuredClone(next)), []);
    console.log(
      `# 10,000 listeners x 10 members: ${loading.toFixed(0)} ms; one weight: ${shared.toFixed(1)} ms; ` +
        `the same file again: ${spent(began).toFixed(0)} ms`,
    );
  });

  it('keeps ids over a restart, and without a state file by following the VIPs', async () => {
    const port = new MemoryPort();
    const before = config(
      [loadbalancer('lb', ['203.0.113.1'], [listener('x', 80, 'p'), listener('y', 81, 'q')])],
      [pool('p', [member('10.0.2.1')]), pool('q', [member('10.0.2.2')])],
    );
    const first = new Reconciler({ port, health: () => 'up' });
    await first.apply(before);
    const calls = port.calls;
    for (const state of [
      emptyState(),
      { ...emptyState(), listeners: namesById(first.ids.listeners) },
    ]) {
      port.restart();
      const second = new Reconciler({
        port,
        health: () => 'up',
        ...(await adopt(port, state, before)),
      });
      await second.apply(before);
      assert.equal(second.ids.listeners.get('lb/x'), first.ids.listeners.get('lb/x'));
      assert.deepEqual([...second.ids.members.entries()], [...first.ids.members.entries()]);
      assert.equal(second.book.size, 0);
    }
    assert.equal(port.calls, calls + 2, 'only the address filter is written again');
  });

  it('cuts failed members at once unless the delay is explicit', async () => {
    const reconciler = new Reconciler({ port: new MemoryPort(), health: () => 'down' });
    const monitored = { healthmonitor: TCP_MONITOR };
    await reconciler.apply(
      config(
        [loadbalancer('lb', ['203.0.113.1'], [listener('x', 80, 'p'), listener('y', 81, 'q')])],
        [
          pool('p', [member('10.0.2.1')], monitored),
          pool('q', [member('10.0.2.2'), member('10.0.2.3', { weight: 0 })], {
            ...monitored,
            deregistration_delay: 9,
          }),
        ],
      ),
    );
    assert.deepEqual(
      [...reconciler.book.members.values()].map(({ delay }) => delay),
      [0, 9, 9],
    );
  });
});

function assertNothingLeft(port: MemoryPort, wanted: Config): void {
  const listeners = wanted.loadbalancers.flatMap((lb) =>
    lb.listeners.map((each) => listenerName(lb, each)),
  );
  assert.equal(port.listeners.size, listeners.length);
  const variants = new Set(
    wanted.loadbalancers.flatMap((lb) =>
      lb.listeners.map((each) => `${each.protocol} ${each.pool}`),
    ),
  );
  assert.equal(port.pools.size, variants.size);
}
