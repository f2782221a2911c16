// A member's next hop changes under running connections: they follow within a
// second and none is lost.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Capture } from './support/capture.js';
import type { Host } from './support/host.js';
import type { Packet } from './support/pcap.js';
import { type Scenario, startScenario } from './support/scenario.js';
import { addresses } from './support/topology.js';
import { failures, Traffic, wronglyLogged } from './support/traffic.js';
import { sleep } from './support/wait.js';

const streams = 4;

describe('next hop of a member', { timeout: 60_000 }, () => {
  let scenario: Scenario;
  let digest: string;
  before(async () => {
    scenario = await startScenario();
    const data = randomBytes(5_000_000);
    digest = createHash('sha256').update(data).digest('hex');
    writeFileSync(join(scenario.backends.backend1.nginx.documents, 'data'), data);
  });
  after(() => scenario?.destroy());

  async function macOf(host: Host): Promise<string> {
    const { stdout } = await host.run(['ip', '-j', 'link', 'show', 'eth0']);
    return (JSON.parse(stdout) as [{ address: string }])[0].address;
  }

  /**
   * Makes the change while downloads and requests run towards backend1. Returns
   * what went there later than a second after the change.
   */
  async function underTraffic(change: () => Promise<void>): Promise<Packet[]> {
    const { client1, client2, backend1 } = scenario.lab.hosts;
    const url = `http://${addresses.vip4}:8011`;
    const download = 'set -o pipefail; curl -sSf -m 30 "$1" | sha256sum | cut -d" " -f1';
    const capture = await Capture.start(backend1, 'tcp dst port 8080', 128);
    const running = Array.from({ length: streams }, () =>
      client2.script(download, [`${url}/slow/data`], { timeoutMs: 40_000 }),
    );
    const traffic = new Traffic(client1, url, 1);
    await sleep(1000);
    await change();
    const changed = Date.now() / 1000;
    await sleep(2500);
    const made = await traffic.stop();
    for (const { stdout } of await Promise.all(running)) assert.equal(stdout.trim(), digest);
    assert.deepEqual(failures(made), []);
    assert.deepEqual(wronglyLogged(made, scenario.entries('nginx')), []);
    const packets = await capture.stop();
    return packets.filter(
      ({ source, time }) => source !== addresses.gatewayInside.v4 && time > changed + 1,
    );
  }

  test('its MAC address changes', async () => {
    const { backend1 } = scenario.lab.hosts;
    await backend1.run(['sysctl', '-qw', 'net.ipv4.conf.eth0.arp_notify=1']);
    const mac = '02:77:00:00:00:99';
    const late = await underTraffic(async () => {
      await backend1.run(['ip', 'link', 'set', 'dev', 'eth0', 'address', mac]);
    });
    assert.ok(late.length > 100, `only ${late.length} packets after the change`);
    assert.deepEqual([...new Set(late.map((packet) => packet.destinationMac))], [mac]);
  });

  test('the route to it goes by way of another host', async () => {
    const { gateway, backend2 } = scenario.lab.hosts;
    await backend2.run([
      'sysctl',
      '-qw',
      'net.ipv4.ip_forward=1',
      'net.ipv4.conf.all.send_redirects=0',
      'net.ipv4.conf.eth0.send_redirects=0',
    ]);
    const { v4: member } = addresses.backend1;
    const late = await underTraffic(async () => {
      await gateway.run(['ip', 'route', 'add', `${member}/32`, 'via', addresses.backend2.v4]);
    });
    assert.ok(late.length > 100, `only ${late.length} packets after the change`);
    // backend2 forwards them: they carry its MAC address as their source.
    assert.deepEqual([...new Set(late.map((packet) => packet.sourceMac))], [await macOf(backend2)]);
    await gateway.run(['ip', 'route', 'delete', `${member}/32`]);
  });
});
