// Programs, maps and links outlive the daemon.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Scenario, startScenario } from './support/scenario.js';
import { addresses } from './support/topology.js';
import { failures, Traffic, wronglyLogged } from './support/traffic.js';
import { sleep, waitFor } from './support/wait.js';

describe('kill -9 of the daemon', { timeout: 60_000 }, () => {
  let scenario: Scenario;
  before(async () => {
    scenario = await startScenario();
  });
  after(() => scenario?.destroy());

  /** Tells a lost packet from a slow machine. */
  async function whatHappened(): Promise<string> {
    const { client1, backend1, backend2 } = scenario.lab.hosts;
    const counters = [
      'nstat',
      '-asz',
      'TcpRetransSegs',
      'TcpExtTCPSynRetrans',
      'TcpExtListenDrops',
    ];
    const said = await Promise.all(
      [client1, backend1, backend2].map(
        async (host) => `${host.name}: ${(await host.run(counters)).stdout}`,
      ),
    );
    const { stdout: stats } = await scenario.gateway.clearnat('stats');
    return `${said.join('')}${stats}${scenario.gateway.log()}`;
  }

  test('loses no request, no long transfer, and no client address', async () => {
    const { client1, client2 } = scenario.lab.hosts;
    const data = randomBytes(8_000_000);
    writeFileSync(join(scenario.backends.backend1.nginx.documents, 'data'), data);
    const url = `http://${addresses.vip4}`;
    const slow = client2.script(
      'set -o pipefail; curl -s -S -f -m 40 "$1" | sha256sum | cut -d" " -f1',
      [`${url}:8011/slow/data`],
      { timeoutMs: 50_000 },
    );
    const traffic = new Traffic(client1, url, 3);
    for (let round = 0; round < 2; round++) {
      const before = traffic.sofar().length;
      await waitFor('requests', 5000, () => traffic.sofar().length > before + 50);
      await scenario.gateway.kill();
      const dead = traffic.sofar().length;
      await sleep(1500);
      const meanwhile = traffic.sofar().length - dead;
      assert.ok(meanwhile > 50, `${meanwhile} requests while the daemon was dead`);
      await scenario.gateway.start();
    }
    await sleep(500);
    const made = await traffic.stop();
    assert.deepEqual(failures(made), []);
    assert.deepEqual(wronglyLogged(made, scenario.entries('nginx')), []);
    assert.equal((await slow).stdout.trim(), createHash('sha256').update(data).digest('hex'));
    const late = made.filter(({ seconds }) => seconds >= 1);
    assert.deepEqual(late, [], `expected every request within a second; ${await whatHappened()}`);
  });

  test('an orderly stop leaves the traffic alone, too', async () => {
    const traffic = new Traffic(scenario.lab.hosts.client1, `http://${addresses.vip4}:81`, 2);
    await sleep(300);
    assert.equal(await scenario.gateway.stop(), 0);
    await sleep(500);
    await scenario.gateway.start();
    assert.deepEqual(failures(await traffic.stop()), []);
  });
});
