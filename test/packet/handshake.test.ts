import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { flow_state } from '../../src/dataplane/abi.js';
import { ipv4ToNumber } from '../../src/dataplane/address.js';
import { Connection, SYN_OPTIONS, TIMESTAMP } from './support/connection.js';
import {
  CLIENT,
  MAC,
  MEMBERS,
  makeNetwork,
  SNAT,
  TestGateway,
  VIP,
  XDP_REDIRECT,
} from './support/gateway.js';
import { ACK, ETHERNET, FIN, type Ipv4Tcp, PSH, RST, SYN, tcp4, toa4 } from './support/packet.js';

let gateway: TestGateway;

before(async () => {
  makeNetwork();
  gateway = await TestGateway.open();
  gateway.listen({
    vip: VIP,
    port: 80,
    members: [
      { address: MEMBERS[0], port: 8080 },
      { address: MEMBERS[1], port: 8080 },
    ],
  });
});

after(() => gateway.close());

let nextPort = 20000;
const connect = (): Connection => new Connection(gateway, nextPort++, 80);

/** What must be true of every packet to a member, but for options and payload. */
function expectToMember(out: Ipv4Tcp, sent: Partial<Ipv4Tcp>): void {
  assert.equal(out.src, SNAT);
  assert.ok(out.sport >= 1024);
  assert.ok(MEMBERS.includes(out.dst as (typeof MEMBERS)[number]));
  assert.equal(out.dport, 8080);
  assert.equal(out.dmac, MAC.member[MEMBERS.indexOf(out.dst as (typeof MEMBERS)[number])]);
  assert.equal(out.smac, MAC.memberSide);
  assert.equal(out.ttl, 63);
  for (const [name, value] of Object.entries(sent))
    assert.deepEqual(out[name as keyof Ipv4Tcp], value, name);
}

function expectToClient(out: Ipv4Tcp, connection: Connection, sent: Partial<Ipv4Tcp>): void {
  assert.deepEqual(
    [out.src, out.sport, out.dst, out.dport, out.dmac, out.smac, out.ttl],
    [VIP, 80, CLIENT, connection.sport, MAC.client, MAC.clientSide, 63],
  );
  for (const [name, value] of Object.entries(sent))
    assert.deepEqual(out[name as keyof Ipv4Tcp], value, name);
}

describe('a connection from SYN to FIN', () => {
  test('every packet, exactly', () => {
    const c = connect();
    const toa = toa4(254, CLIENT, c.sport);

    const syn = c.syn({ tos: 0x10, id: 7, df: false });
    expectToMember(syn, {
      flags: SYN,
      seq: 1000,
      ack: 0,
      tos: 0x10,
      id: 7,
      df: false,
      window: 64240,
      options: Buffer.concat([toa, SYN_OPTIONS]),
      payload: Buffer.alloc(0),
    });

    const lowered = Buffer.from(SYN_OPTIONS);
    lowered.writeUInt16BE(1460 - 8, 2);
    expectToClient(c.synAck(), c, { flags: SYN | ACK, seq: 5000, ack: 1001, options: lowered });

    const ack = c.ack();
    expectToMember(ack, {
      flags: ACK,
      seq: 1001,
      ack: 5001,
      options: Buffer.concat([toa, TIMESTAMP]),
    });
    assert.equal(ack.sport, syn.sport);
    assert.equal(ack.dst, syn.dst);

    const request = Buffer.from('GET / HTTP/1.0\r\n\r\n');
    const data = c.ack({ flags: ACK | PSH, payload: request });
    expectToMember(data, {
      flags: ACK | PSH,
      options: Buffer.concat([toa, TIMESTAMP]),
      payload: request,
    });

    expectToClient(c.reply({ ack: 1001 + request.length }), c, {
      options: TIMESTAMP,
      ack: 1001 + request.length,
    });

    const next = c.ack({ seq: 1019, payload: Buffer.from('more') });
    expectToMember(next, { options: TIMESTAMP, payload: Buffer.from('more') });

    expectToClient(c.reply({ payload: Buffer.from('answer') }), c, {
      payload: Buffer.from('answer'),
    });
    expectToMember(c.ack({ flags: FIN | ACK, seq: 1023 }), {
      flags: FIN | ACK,
      options: TIMESTAMP,
    });
    expectToClient(c.reply({ flags: FIN | ACK, seq: 5007, ack: 1024 }), c, { flags: FIN | ACK });
    expectToMember(c.ack({ seq: 1024, ack: 5008 }), { flags: ACK });
  });

  test('frames are the same bytes, apart from what is said above', () => {
    const c = connect().establish();
    const sent = c.fromClient({
      seq: 1006,
      ack: 5001,
      options: TIMESTAMP,
      payload: Buffer.from('abc'),
    });
    const { retval, frame } = gateway.run(sent, 'cl0');
    const at = c.atMember as Ipv4Tcp;
    assert.equal(retval, XDP_REDIRECT);
    assert.deepEqual(
      frame,
      tcp4({
        smac: MAC.memberSide,
        dmac: at.dmac,
        src: SNAT,
        dst: at.dst,
        sport: at.sport,
        dport: 8080,
        ttl: 63,
        seq: 1006,
        ack: 5001,
        options: TIMESTAMP,
        payload: Buffer.from('abc'),
      }),
    );
  });

  test('an Ethernet trailer stays and is not taken for payload', () => {
    const c = connect().establish();
    const sent = Buffer.concat([c.fromClient({ seq: 1006, ack: 5001 }), Buffer.alloc(6, 0xee)]);
    const { frame } = gateway.run(sent, 'cl0');
    assert.equal(frame.readUInt16BE(ETHERNET + 2), 40);
    assert.deepEqual(frame.subarray(54), Buffer.alloc(6, 0xee));
  });
});

describe('the client address', () => {
  test('goes on until the member acknowledges data', () => {
    const c = connect();
    c.syn();
    c.synAck();
    c.ack();
    c.reply(); // a window update: acknowledges no data
    assert.deepEqual(
      c.ack({ payload: Buffer.from('x') }).options.subarray(0, 8),
      toa4(254, CLIENT, c.sport),
    );
    c.reply({ ack: 1002 });
    assert.deepEqual(c.ack({ seq: 1002 }).options, TIMESTAMP);
  });

  test('stops when the member speaks first', () => {
    const c = connect();
    c.syn();
    c.synAck();
    c.ack();
    c.reply({ payload: Buffer.from('220 hello') });
    assert.deepEqual(c.ack({ ack: 5010 }).options, TIMESTAMP);
  });

  test('is on a retransmitted SYN, from the same port', () => {
    const c = connect();
    const first = c.syn();
    const second = c.syn();
    assert.equal(second.sport, first.sport);
    assert.equal(second.dst, first.dst);
    assert.deepEqual(second.options, first.options);
  });

  test('is on data with FIN, and not on RST', () => {
    const c = connect();
    c.syn();
    c.synAck();
    const fin = c.ack({ flags: FIN | ACK | PSH, payload: Buffer.from('bye') });
    assert.deepEqual(fin.options, Buffer.concat([toa4(254, CLIENT, c.sport), TIMESTAMP]));
    assert.deepEqual(c.ack({ flags: RST, options: Buffer.alloc(0) }).options, Buffer.alloc(0));
  });

  test('is left out, and counted, when the options are full', () => {
    const before = gateway.drops().toa_no_room ?? 0;
    const c = connect();
    const full = Buffer.concat([SYN_OPTIONS, Buffer.from(`1e14${'00'.repeat(18)}`, 'hex')]);
    assert.deepEqual(c.syn({ options: full }).options, full);
    assert.equal(gateway.drops().toa_no_room, before + 1);
  });

  test('is not inserted and the MSS not lowered for a listener without it', () => {
    gateway.listen({
      vip: VIP,
      port: 81,
      flags: 1,
      members: [{ address: MEMBERS[0], port: 8080 }],
    });
    const c = new Connection(gateway, nextPort++, 81);
    assert.deepEqual(c.syn().options, SYN_OPTIONS);
    assert.deepEqual(c.synAck().options, SYN_OPTIONS);
    assert.deepEqual(c.ack().options, TIMESTAMP);
  });

  for (const kind of [200, 253, 28]) {
    test(`has the listener's kind ${kind}`, () => {
      const port = 8000 + kind;
      gateway.listen({
        vip: VIP,
        port,
        toaKind: kind,
        members: [{ address: MEMBERS[0], port: 8080 }],
      });
      const c = new Connection(gateway, nextPort++, port);
      assert.deepEqual(c.syn().options.subarray(0, 8), toa4(kind, CLIENT, c.sport));
    });
  }
});

describe('MSS', () => {
  const mssAt = (options: string): Buffer => {
    const c = connect();
    c.syn();
    return c.synAck({ options: Buffer.from(options, 'hex') }).options;
  };

  test('is lowered wherever the option stands', () => {
    assert.equal(mssAt('020405b4').toString('hex'), '020405ac');
    assert.equal(mssAt('01020405b4010101').toString('hex'), '01020405ac010101');
    assert.equal(mssAt('0101020405b40101').toString('hex'), '0101020405ac0101');
    assert.equal(mssAt('030307020405b400').toString('hex'), '030307020405ac00');
    assert.equal(mssAt('02040500').toString('hex'), '020404f8');
  });

  test('is left alone when absent, malformed or tiny', () => {
    for (const options of ['01010101', '0204', '02ff05b4', '02040008', '00020405b4000000']) {
      const padded = options.padEnd(Math.ceil(options.length / 8) * 8, '0');
      assert.equal(mssAt(padded).toString('hex'), padded);
    }
  });
});

test('weights are exact whichever client connects', () => {
  gateway.listen({
    vip: VIP,
    port: 90,
    order: [0, 1, 1, 1],
    members: [
      { address: MEMBERS[0], port: 8080 },
      { address: MEMBERS[1], port: 8080 },
    ],
  });
  const counts: Record<string, number> = {};
  for (let i = 0; i < 400; i++) {
    const { dst } = new Connection(gateway, nextPort++, 90).syn();
    counts[dst] = (counts[dst] ?? 0) + 1;
  }
  assert.deepEqual(counts, { [MEMBERS[0]]: 100, [MEMBERS[1]]: 300 });
});

describe('RST', () => {
  const stateOf = (c: Connection): number | undefined =>
    gateway.dataplane.maps.flows4.get({
      saddr: ipv4ToNumber(c.client),
      daddr: ipv4ToNumber(VIP),
      sport: c.sport,
      dport: c.dport,
      proto: 6,
    })?.state;
  const { STATE_CLOSE, STATE_ESTABLISHED } = flow_state;

  test('closes when its sequence number fits, from either end', () => {
    const byClient = connect().establish();
    byClient.ack({ flags: RST, seq: 1006 });
    assert.equal(stateOf(byClient), STATE_CLOSE);
    const byMember = connect().establish();
    byMember.reply({ flags: RST, seq: 5001 });
    assert.equal(stateOf(byMember), STATE_CLOSE);
  });

  test('that nobody would accept ends nothing, and no SYN replaces the connection after it', () => {
    const c = connect().establish();
    const before = c.atMember?.sport;
    c.ack({ flags: RST, seq: 0xdeadbeef });
    assert.equal(stateOf(c), STATE_ESTABLISHED);
    assert.equal(c.syn().sport, before, 'the SYN goes to the same member, which challenges it');
    assert.equal(stateOf(c), STATE_ESTABLISHED);
  });

  test('is taken back when its target goes on talking', () => {
    const c = connect().establish();
    c.ack({ flags: RST, seq: 1006 + 5000 });
    assert.equal(stateOf(c), STATE_CLOSE);
    c.reply({ ack: 1006, payload: Buffer.from('still here') });
    assert.equal(stateOf(c), STATE_ESTABLISHED);
  });

  test('a SYN after it is a new connection', () => {
    const c = connect().establish();
    const before = c.atMember?.sport;
    c.ack({ flags: RST, seq: 1006 });
    assert.notEqual(c.syn().sport, before);
  });
});
