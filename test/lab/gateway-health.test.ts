// A member that stops gets no connection after its health check has failed,
// and its share again once it is back.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { monitor } from './support/gateway-config.js';
import { type Scenario, startScenario } from './support/scenario.js';
import { addresses } from './support/topology.js';
import { failures, requests } from './support/traffic.js';

const url = `http://${addresses.vip4}`;

describe('TCP health monitor', { timeout: 60_000 }, () => {
  let scenario: Scenario;
  before(async () => {
    scenario = await startScenario();
  });
  after(() => scenario?.destroy());

  /** How many of these requests each backend's nginx has logged. */
  async function shares(count: number): Promise<[number, number]> {
    const made = await requests(scenario.lab.hosts.client1, url, count, 4);
    assert.deepEqual(failures(made), []);
    const paths = new Set(made.map((request) => request.path));
    const { backend1, backend2 } = scenario.backends;
    const served = (entries: { path: string }[]) =>
      entries.filter(({ path }) => paths.has(path)).length;
    return [served(backend1.nginx.entries()), served(backend2.nginx.entries())];
  }

  async function waitNginx1(status: string, timeoutMs: number): Promise<void> {
    const onNginx1 = async () => {
      const members = await scenario.gateway.members('nginx');
      return members.find(({ name }) => name === 'backend1')?.operating_status;
    };
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const seen = await onNginx1();
      if (seen === status) return;
      assert.ok(
        Date.now() < deadline,
        `backend1 is ${seen} after ${timeoutMs} ms, expected ${status}`,
      );
    }
  }

  test('both members serve at first', async () => {
    assert.deepEqual(await shares(20), [10, 10]);
  });

  test('a stopped member is found out in time and gets nothing more', async () => {
    await scenario.backends.backend1.nginx.stop();
    const bound = monitor.delay * monitor.maxRetriesDown + monitor.timeout;
    await waitNginx1('ERROR', bound * 1000 + 1000);
    assert.deepEqual(await shares(100), [0, 100]);
  });

  test('it takes its share when it is back', async () => {
    await scenario.backends.backend1.nginx.start();
    await waitNginx1('ONLINE', (monitor.delay + monitor.timeout) * 1000 + 1000);
    assert.deepEqual(await shares(100), [50, 50]);
  });

  test('a listener whose members are all down answers with RST at once', async () => {
    await scenario.backends.backend1.nginx.stop();
    await waitNginx1('ERROR', 5000);
    const { status } = await scenario.lab.hosts.client1.run(
      ['curl', '-s', '-m', '2', `${url}:8011/`],
      { allowFailure: true },
    );
    assert.equal(status, 7, 'expected curl to report "connection refused" (7)');
    await scenario.backends.backend1.nginx.start();
  });
});
