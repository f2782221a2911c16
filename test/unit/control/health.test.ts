import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpProbe, isExpected } from '../../../src/control/health/http.js';
import type { Probes } from '../../../src/control/health/index.js';
import type { Probe } from '../../../src/control/health/probe.js';
import { udpConnectProbe } from '../../../src/control/health/udp-connect.js';
import { HealthMonitors } from '../../../src/control/health.js';
import { config, member, pool, TCP_MONITOR } from './support/configs.js';

const monitor = { ...TCP_MONITOR, delay: 0.01, timeout: 1 };

const all = (probe: Probe): Probes => ({
  TCP: probe,
  HTTP: probe,
  HTTPS: probe,
  UDP_CONNECT: probe,
  PING: probe,
});

/** Answers probes from a list, then stops. Tells after how many a change came. */
async function run(outcomes: string, initial: 'new' | 'up'): Promise<string> {
  const changes: string[] = [];
  let at = 0;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const probe: Probe = async () => {
    if (at === outcomes.length) {
      finish();
      return new Promise(() => {});
    }
    const ok = outcomes[at++] === '+';
    return ok ? { ok, latencyMs: 1 } : { ok, latencyMs: 1, reason: 'no' };
  };
  const monitors = new HealthMonitors({ probes: all(probe), initial: () => initial });
  monitors.on('change', (_pool, _key, state) => changes.push(`${at}${state}`));
  monitors.configure(config([], [pool('p', [member('10.0.2.1')], { healthmonitor: monitor })]));
  await finished;
  monitors.stop();
  return changes.join(' ');
}

describe('HealthMonitors', () => {
  it('takes a new member up at its first success', async () => {
    assert.equal(await run('+', 'new'), '1up');
    assert.equal(await run('-+', 'new'), '2up');
    assert.equal(await run('---+', 'new'), '3down 4up');
  });

  it('goes down after max_retries_down failures in a row, up after max_retries successes', async () => {
    assert.equal(await run('+--+--+---++-+++', 'up'), '10down 16up');
  });

  it('begins at a random point of the first interval', async () => {
    const times: number[] = [];
    const probe: Probe = async () => {
      times.push(performance.now());
      return { ok: true, latencyMs: 0 };
    };
    const values = [0, 0.5, 0.9];
    const monitors = new HealthMonitors({ probes: all(probe), random: () => values.shift() ?? 0 });
    const began = performance.now();
    const members = ['10.0.2.1', '10.0.2.2', '10.0.2.3'].map((address) => member(address));
    monitors.configure(
      config([], [pool('p', members, { healthmonitor: { ...monitor, delay: 1 } })]),
    );
    await sleep(970);
    monitors.stop();
    const starts = times.slice(0, 3).map((time) => Math.round((time - began) / 100) / 10);
    assert.equal(times.length, 3);
    for (const [i, wanted] of [0, 0.5, 0.9].entries())
      assert.ok(Math.abs((starts[i] ?? 9) - wanted) <= 0.2);
  });

  it('forgets members and pools that left', async () => {
    let probes = 0;
    const probe: Probe = async () => {
      probes++;
      return { ok: true, latencyMs: 0 };
    };
    const monitors = new HealthMonitors({ probes: all(probe) });
    monitors.configure(config([], [pool('p', [member('10.0.2.1')], { healthmonitor: monitor })]));
    await sleep(50);
    monitors.configure(config([], []));
    const before = probes;
    await sleep(50);
    assert.ok(before > 0);
    assert.equal(probes, before);
    assert.equal(monitors.target('p', '10.0.2.1 80'), undefined);
  });
});

describe('HTTP probe', () => {
  it('understands expected_codes', () => {
    assert.ok(isExpected(200, '200') && isExpected(202, '200,202') && isExpected(250, '200-299'));
    assert.ok(
      !isExpected(201, '200') && !isExpected(201, '200,202') && !isExpected(300, '200-299'),
    );
  });

  it('tells what is wrong', async () => {
    const server = createServer((_request, response) => response.writeHead(503).end()).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const target = {
      address: '127.0.0.1',
      port,
      monitor: { ...monitor, type: 'HTTP' as const },
      timeoutMs: 300,
    };
    const reason = async (more: Partial<typeof target> = {}) => {
      const outcome = await httpProbe({ ...target, ...more });
      return outcome.ok ? null : outcome.reason;
    };
    assert.equal(await reason(), 'status 503, expected 200');
    assert.equal(await reason({ monitor: { ...target.monitor, expected_codes: '500-599' } }), null);
    server.close();
    assert.equal(await reason(), 'connection refused');
    const mute = createTcpServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    assert.equal(
      await reason({ port: (mute.address() as AddressInfo).port }),
      'no answer within 0.3 s',
    );
    mute.close();
  });
});

describe('UDP_CONNECT probe', () => {
  it('fails by port unreachable, not by silence', async () => {
    const probe = udpConnectProbe({ ping: async () => ({ rtt: 1 }) });
    const closed = await probe({ address: '127.0.0.1', port: 9, monitor, timeoutMs: 200 });
    assert.equal(closed.ok ? '' : closed.reason, 'port unreachable');
    const dead = udpConnectProbe({
      ping: () => Promise.reject(Object.assign(new Error('x'), { code: 'ETIMEDOUT' })),
    });
    const outcome = await dead({ address: '127.0.0.1', port: 9, monitor, timeoutMs: 200 });
    assert.equal(outcome.ok ? '' : outcome.reason, 'no answer to ping: timed out');
  });
});
