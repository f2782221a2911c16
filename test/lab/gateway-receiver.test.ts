// The receivers behind a real gateway: whom they trust, and coming and going
// under traffic.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Scenario, startScenario } from './support/scenario.js';
import { addresses } from './support/topology.js';
import { failures, requests, Traffic, wronglyLogged } from './support/traffic.js';
import { sleep } from './support/wait.js';

const vip = `http://${addresses.vip4}`;
const trusted = `${addresses.snat4[0]}/31`;
const snat: readonly string[] = addresses.snat4;

describe('receivers', { timeout: 90_000 }, () => {
  let scenario: Scenario;
  before(async () => {
    scenario = await startScenario({ trust: ['10.99.0.0/16'] });
  });
  after(() => scenario?.destroy());

  test('options from an untrusted gateway are ignored', async () => {
    for (const [kind, port] of [
      ['nginx', 80],
      ['python', 81],
    ] as const) {
      const made = await requests(scenario.lab.hosts.client1, `${vip}:${port}`, 10);
      assert.deepEqual(failures(made), []);
      const paths = new Set(made.map(({ path }) => path));
      const logged = scenario.entries(kind).filter(({ path }) => paths.has(path));
      assert.equal(logged.length, 10);
      for (const { address } of logged)
        assert.ok(
          snat.includes(address.replace('::ffff:', '')),
          `expected a SNAT address, got ${address}`,
        );
    }
  });

  test('once trusted they count, on an IPv4 and on a dual-stack socket', async () => {
    for (const backend of Object.values(scenario.backends)) await backend.receiver.load(trusted);
    const { client1 } = scenario.lab.hosts;
    const made = [
      ...(await requests(client1, `${vip}:8021`, 5)),
      ...(await requests(client1, `${vip}:8022`, 5)),
    ];
    assert.deepEqual(wronglyLogged(made, scenario.entries('python')), []);
    const last = (name: 'backend1' | 'backend2') => scenario.backends[name].python.entries().at(-1);
    assert.equal(last('backend1')?.address, addresses.client1.v4);
    assert.equal(last('backend2')?.address, `::ffff:${addresses.client1.v4}`);
  });

  test('unloading and loading under traffic breaks no request', async () => {
    const { client1, client2 } = scenario.lab.hosts;
    const traffic = [new Traffic(client1, vip, 2), new Traffic(client2, `${vip}:81`, 1)];
    await sleep(300);
    for (let round = 0; round < 10; round++) {
      for (const backend of Object.values(scenario.backends)) await backend.receiver.unload();
      await sleep(100);
      for (const backend of Object.values(scenario.backends)) await backend.receiver.load(trusted);
      await sleep(100);
    }
    const made = (await Promise.all(traffic.map((each) => each.stop()))).flat();
    assert.ok(made.length > 100, `only ${made.length} requests`);
    assert.deepEqual(failures(made), []);
  });
});
