// What is not for a listener goes to the gateway's own kernel: ssh keeps working
// while the gateway starts, dies, starts again and stops.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Scenario, startScenario } from './support/scenario.js';
import { type Sshd, SshSession, startSshd } from './support/sshd.js';
import { addresses } from './support/topology.js';
import { failures, requests } from './support/traffic.js';

describe('ssh to the gateway', { timeout: 60_000 }, () => {
  let scenario: Scenario;
  let sshd: Sshd;
  before(async () => {
    scenario = await startScenario({ stopped: true });
    sshd = await startSshd(scenario.lab.hosts.gateway);
  });
  after(() => scenario?.destroy());

  async function login(): Promise<void> {
    const { client2 } = scenario.lab.hosts;
    const { stdout } = await client2.run([...sshd.sshArgv('198.51.100.1'), 'echo logged in']);
    assert.equal(stdout, 'logged in\n');
  }

  test('an open session and new logins live through the life of the daemon', async () => {
    const { client1 } = scenario.lab.hosts;
    const session = new SshSession(client1, sshd, addresses.gatewayOutside.v4);
    try {
      await session.echo();
      const steps = [
        () => scenario.gateway.start(),
        () => scenario.gateway.kill(),
        () => scenario.gateway.start(),
        () => scenario.gateway.stop(),
      ];
      for (const step of steps) {
        await step();
        await session.echo();
        await login();
      }
      assert.deepEqual(failures(await requests(client1, `http://${addresses.vip4}`, 10)), []);
      await session.echo();
    } finally {
      session.close();
    }
  });

  test('so do ping and ssh over IPv6', async () => {
    const { client1 } = scenario.lab.hosts;
    for (const address of [addresses.gatewayOutside.v4, addresses.gatewayOutside.v6])
      await client1.run(['ping', '-c', '2', '-i', '0.2', '-W', '2', address]);
    const { stdout } = await client1.run([
      ...sshd.sshArgv(addresses.gatewayOutside.v6),
      'echo logged in',
    ]);
    assert.equal(stdout, 'logged in\n');
  });
});
