import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ageing, jiffiesSince } from '../../../src/control/ageing.js';
import type { Connection } from '../../../src/control/dataplane-port.js';
import { Drainer } from '../../../src/control/drain.js';
import { Terminator } from '../../../src/control/ending.js';
import { Reconciler } from '../../../src/control/reconciler.js';
import { checksum, resetBothEnds } from '../../../src/control/rst.js';
import { end_reason, flow_state } from '../../../src/dataplane/abi.js';
import { config, listener, loadbalancer, member, pool } from './support/configs.js';
import { MemoryPort } from './support/memory-port.js';

const connection = (more: Partial<Connection> = {}): Connection => ({
  proto: 6,
  client: { addr: '198.51.100.7', port: 40000 },
  vip: { addr: '203.0.113.1', port: 80 },
  snat: { addr: '10.0.1.240', port: 1024 },
  member: { addr: '10.0.2.1', port: 8080 },
  state: flow_state.STATE_ESTABLISHED,
  flags: 1,
  listener: 1,
  memberId: 1,
  snatIndex: 0,
  lastSeenIn: 1_000_000,
  lastSeenOut: 1_000_000,
  ackIn: 111,
  ackOut: 222,
  packetsIn: 1,
  packetsOut: 1,
  bytesIn: 1,
  bytesOut: 1,
  ...more,
});

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

function setup() {
  const port = new MemoryPort();
  const sent: Buffer[] = [];
  const sendRaw = (packets: Buffer[]) => sent.push(...packets);
  return { port, sent, terminator: new Terminator(port, { sendRaw }, quiet) };
}

describe('RST', () => {
  it('carries the sequence number that its receiver acknowledged', () => {
    const [toClient, toMember] = resetBothEnds(connection());
    assert.ok(toClient && toMember);
    assert.equal(toClient.readUInt32BE(24), 111);
    assert.equal(toMember.readUInt32BE(24), 222);
    assert.deepEqual([...toClient.subarray(12, 20)], [203, 0, 113, 1, 198, 51, 100, 7]);
    assert.deepEqual([toMember.readUInt16BE(20), toMember.readUInt16BE(22)], [1024, 8080]);
    for (const packet of [toClient, toMember]) {
      assert.equal(checksum(packet.subarray(0, 20)), 0);
      const pseudo = Buffer.concat([packet.subarray(12, 20), Buffer.from([0, 6, 0, 20])]);
      assert.equal(checksum(Buffer.concat([pseudo, packet.subarray(20)])), 0);
    }
  });

  it('leaves out an end that has acknowledged nothing, and UDP', () => {
    assert.equal(resetBothEnds(connection({ ackOut: 0 })).length, 1);
    assert.equal(resetBothEnds(connection({ proto: 17 })).length, 0);
  });

  it('builds IPv6 packets', () => {
    const v6 = { client: { addr: '2001:db8::7', port: 1 }, vip: { addr: '2001:db8::1', port: 2 } };
    const [packet] = resetBothEnds(connection(v6));
    assert.ok(packet);
    assert.equal(packet.length, 60);
    const pseudo = Buffer.concat([packet.subarray(8, 40), Buffer.from([0, 6, 0, 20])]);
    assert.equal(checksum(Buffer.concat([pseudo, packet.subarray(40)])), 0);
  });
});

describe('Ageing', () => {
  const hz = 250;
  const seen = (seconds: number) => (1_000_000 - seconds * hz) >>> 0;

  it('judges by state, listener and the livelier direction', async () => {
    const { port, sent, terminator } = setup();
    const make = (
      state: number,
      inSeconds: number,
      outSeconds: number,
      name: string,
      listenerId = 1,
    ) =>
      connection({
        state,
        listener: listenerId,
        lastSeenIn: seen(inSeconds),
        lastSeenOut: seen(outSeconds),
        client: { addr: name, port: 1 },
      });
    port.flows = [
      make(flow_state.STATE_ESTABLISHED, 301, 301, '1.0.0.1'),
      make(flow_state.STATE_ESTABLISHED, 301, 2, '1.0.0.2'),
      make(flow_state.STATE_ESTABLISHED, 11, 11, '1.0.0.3', 2),
      make(flow_state.STATE_SYN_SENT, 6, 6, '1.0.0.4'),
      make(flow_state.STATE_SYN_RECV, 6, 6, '1.0.0.5'),
      make(flow_state.STATE_TIME_WAIT, 61, 61, '1.0.0.6'),
      make(flow_state.STATE_CLOSE, 9, 9, '1.0.0.7'),
      make(flow_state.STATE_UDP, 299, 299, '1.0.0.8'),
    ];
    const ageing = new Ageing({ port, terminator, idleTimeout: (id) => (id === 1 ? 300 : 10) });
    assert.equal(await ageing.sweep(), 4);
    assert.deepEqual(port.expired.map(({ connection: { client } }) => client.addr).sort(), [
      '1.0.0.1',
      '1.0.0.3',
      '1.0.0.4',
      '1.0.0.6',
    ]);
    assert.equal(sent.length, 4, 'RST to both ends of the two established ones');
  });

  it('counts over the wrap of the jiffies', () => {
    assert.equal(jiffiesSince(0xffff_fff0, 0x10), 0x20);
    assert.equal(jiffiesSince(0x20, 0x10), 0);
  });
});

describe('Drainer', () => {
  it('leaves connections for the delay, then cuts, then forgets', async () => {
    const { port, sent, terminator } = setup();
    let clock = 0;
    const now = () => clock;
    const reconciler = new Reconciler({ port, health: () => 'up', now });
    const release = (targets: Parameters<Reconciler['release']>[0]) => reconciler.release(targets);
    const drainer = new Drainer({ port, book: reconciler.book, terminator, release, log: quiet });
    const lb = loadbalancer('lb', ['203.0.113.1'], [listener('x', 80, 'p')]);
    const members = [member('10.0.2.1'), member('10.0.2.2')];
    await reconciler.apply(config([lb], [pool('p', members, { deregistration_delay: 10 })]));
    port.flows = [connection({ memberId: 1 }), connection({ memberId: 2 })];
    await reconciler.apply(
      config([lb], [pool('p', members.slice(0, 1), { deregistration_delay: 10 })]),
    );
    clock = 9_999;
    assert.equal(await drainer.sweep(), 0);
    assert.ok(port.members.has(2), 'kept while it has connections');
    clock = 10_000;
    assert.equal(await drainer.sweep(), 1);
    assert.deepEqual(
      [port.flows.length, sent.length, port.expired[0]?.reason],
      [1, 2, end_reason.END_CUT],
    );
    await drainer.sweep();
    assert.deepEqual([...port.members.keys()], [1]);
    assert.equal(reconciler.book.size, 0);
  });

  it('keeps a removed VIP in the filter while a connection uses it', async () => {
    const { port, terminator } = setup();
    const reconciler = new Reconciler({ port, health: () => 'up', now: () => 0 });
    const release = (targets: Parameters<Reconciler['release']>[0]) => reconciler.release(targets);
    const drainer = new Drainer({ port, book: reconciler.book, terminator, release, log: quiet });
    const lb = loadbalancer('lb', ['203.0.113.1'], [listener('x', 80, 'p')]);
    await reconciler.apply(config([lb], [pool('p', [member('10.0.2.1')])]));
    port.flows = [connection()];
    await reconciler.apply(config([], []));
    await drainer.sweep();
    assert.ok(port.classes.has('1 203.0.113.1'));
    assert.ok(port.listeners.has(1));
    port.flows = [];
    await drainer.sweep();
    assert.ok(!port.classes.has('1 203.0.113.1'));
    assert.deepEqual(
      [port.listeners.size, port.pools.size, port.members.size, port.vips.size],
      [0, 0, 0, 0],
    );
  });
});
