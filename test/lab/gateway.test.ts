// The main job: every request's true client address and port in the servers'
// own logs, and the members' exact shares.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Capture } from './support/capture.js';
import { findToa } from './support/pcap.js';
import { type Scenario, startScenario } from './support/scenario.js';
import { addresses } from './support/topology.js';
import { failures, requests, wronglyLogged } from './support/traffic.js';

const vip = `http://${addresses.vip4}`;
const snat: readonly string[] = addresses.snat4;

describe('client addresses behind FullNAT', { timeout: 180_000 }, () => {
  let scenario: Scenario;
  before(async () => {
    scenario = await startScenario();
  });
  after(() => scenario?.destroy());

  for (const [kind, port] of [
    ['nginx', 80],
    ['python', 81],
  ] as const) {
    test(`${kind} logs the true address and port of 1,000 sequential requests`, async () => {
      const { client1, client2 } = scenario.lab.hosts;
      const made = [
        ...(await requests(client1, `${vip}:${port}`, 500)),
        ...(await requests(client2, `${vip}:${port}`, 500)),
      ];
      assert.equal(made.length, 1000);
      assert.deepEqual(failures(made), []);
      assert.deepEqual(wronglyLogged(made, scenario.entries(kind)), []);
    });

    test(`${kind} logs the true address and port of 200 parallel requests`, async () => {
      const { client1, client2 } = scenario.lab.hosts;
      const both = await Promise.all([
        requests(client1, `${vip}:${port}`, 100, 100),
        requests(client2, `${vip}:${port}`, 100, 100),
      ]);
      const made = both.flat();
      assert.equal(made.length, 200);
      assert.deepEqual(failures(made), []);
      assert.deepEqual(wronglyLogged(made, scenario.entries(kind)), []);
    });
  }

  test('weights 1:3 give exactly 100 and 300 of 400 connections', async () => {
    const { client1 } = scenario.lab.hosts;
    const made = await requests(client1, `${vip}:90`, 400, 4);
    assert.deepEqual(failures(made), []);
    const paths = new Set(made.map((request) => request.path));
    const { backend1, backend2 } = scenario.backends;
    const count = (entries: { path: string }[]) =>
      entries.filter((entry) => paths.has(entry.path)).length;
    assert.deepEqual(
      [count(backend1.nginx.entries()), count(backend2.nginx.entries())],
      [100, 300],
    );
  });

  test('on the wire: source is a SNAT address, the option comes first and names the client', async () => {
    const { client2, backend1 } = scenario.lab.hosts;
    const capture = await Capture.start(backend1, 'tcp dst port 8080');
    const [request] = await requests(client2, `${vip}:8011`, 1);
    const segments = (await capture.stop()).filter(
      ({ tcp }) => tcp !== null && findToa(tcp) !== null,
    );
    assert.ok(
      segments.length >= 2,
      `expected the option on the SYN and the ACK, got ${segments.length}`,
    );
    for (const { source, tcp } of segments) {
      assert.ok(snat.includes(source), `expected a SNAT address, got ${source}`);
      assert.ok(tcp !== null && tcp.sourcePort >= 1024, `got source port ${tcp?.sourcePort}`);
      assert.equal(tcp.options[0]?.kind, 254);
      const toa = findToa(tcp);
      assert.deepEqual(
        [toa?.length, toa?.address, toa?.port],
        [8, request?.address, request?.port],
      );
    }
    assert.equal(segments[0]?.tcp?.flags, 'S');
  });
});
