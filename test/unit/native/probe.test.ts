import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { after, before, it } from 'node:test';
import { addon } from '../../../src/native/index.js';
import { enterNamespace, noNamespace, sh, suiteUnless, until } from './support.js';

enterNamespace(import.meta.url);

const PROBES = 2000;

async function listen(address: string): Promise<{ server: Server; port: number; ends: string[] }> {
  const ends: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? '?'));
    socket.on('end', () => ends.push('end'));
  });
  await new Promise<void>((resolve) => server.listen(0, address, 4096, resolve));
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return { server, port: bound.port, ends };
}

suiteUnless(noNamespace, 'probes', () => {
  before(() => {
    sh(`ip link add va type veth peer name vb && ip link set va up && ip link set vb up
      ip addr add 10.77.0.1/24 dev vb && ip addr add 2001:db8:77::1/64 dev vb nodad
      ip route add unreachable 10.66.0.0/16`);
  });
  after(() => sh('ip link del va'));

  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    it(`tcpProbe: open port on ${address}, closed with RST`, async () => {
      const { server, port, ends } = await listen(address.replace('::ffff:', ''));
      const micros = await addon.tcpProbe(address, port, 1000);
      assert.ok(micros > 0 && micros < 1e6, `${micros} µs`);
      await until(() => ends.length > 0, 'the server to see the end');
      assert.deepEqual(ends, ['ECONNRESET']);
      assert.doesNotMatch(sh('ss -tanH state time-wait'), new RegExp(`:${port}`));
      server.close();
    });
  }

  it('tcpProbe: closed port, no answer, no route', async () => {
    await assert.rejects(addon.tcpProbe('127.0.0.1', 1, 1000), { code: 'ECONNREFUSED' });
    await assert.rejects(addon.tcpProbe('::1', 1, 1000), { code: 'ECONNREFUSED' });
    await assert.rejects(addon.tcpProbe('10.66.0.1', 1, 1000), { code: 'EHOSTUNREACH' });
    const start = performance.now();
    await assert.rejects(addon.tcpProbe('10.77.0.99', 80, 150), { code: 'ETIMEDOUT' });
    const took = performance.now() - start;
    assert.ok(took >= 149 && took < 1000, `${took} ms`);
  });

  it('refuses bad arguments', async () => {
    await assert.rejects(addon.tcpProbe('host', 80, 1), /address: expected an IP address/);
    await assert.rejects(
      addon.tcpProbe('::1', 65536, 1),
      /port: expected an integer from 0 to 65535/,
    );
    await assert.rejects(addon.ping('::1', -1), /timeoutMs: expected/);
  });

  it(`tcpProbe: ${PROBES} at once`, async () => {
    const { server, port } = await listen('127.0.0.1');
    const probes = Array.from({ length: PROBES }, (_, i) =>
      i % 2 ? addon.tcpProbe('127.0.0.1', port, 5000) : addon.tcpProbe('127.0.0.1', 1, 5000),
    );
    const results = await Promise.allSettled(probes);
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, PROBES / 2);
    server.close();
  });

  for (const [mode, range] of [
    ['ping socket', '0 2147483647'],
    ['raw socket', '1 0'],
  ] as const) {
    // The socket is opened once per thread, so each mode has a thread of its own.
    it(`ping by ${mode}`, async () => {
      writeFileSync('/proc/sys/net/ipv4/ping_group_range', range);
      const { Worker } = await import('node:worker_threads');
      const worker = new Worker(new URL('./ping-worker.js', import.meta.url));
      const message = await new Promise<{ raw: boolean; results: string[] }>((resolve, reject) => {
        worker.once('message', resolve).once('error', reject);
      });
      assert.deepEqual(message.results, [
        '127.0.0.1 ok',
        '::1 ok',
        '10.77.0.1 ok',
        '2001:db8:77::1 ok',
        '10.77.0.99 ETIMEDOUT',
        '2001:db8:77::99 ETIMEDOUT',
        '10.66.0.1 EHOSTUNREACH',
        `${PROBES} ok`,
      ]);
      assert.equal(message.raw, mode === 'raw socket');
    });
  }

  it('ping: an unresolvable neighbour is EHOSTUNREACH before the timeout', async () => {
    for (const [family, address] of [
      ['ipv4', '10.77.0.98'],
      ['ipv6', '2001:db8:77::98'],
    ] as const) {
      writeFileSync(`/proc/sys/net/${family}/neigh/vb/mcast_solicit`, '1');
      writeFileSync(`/proc/sys/net/${family}/neigh/vb/retrans_time_ms`, '20');
      await assert.rejects(addon.ping(address, 3000), { code: 'EHOSTUNREACH' });
    }
    assert.ok((await addon.ping('127.0.0.1', 1000)).rtt > 0, 'later requests are not confused');
  });
});
