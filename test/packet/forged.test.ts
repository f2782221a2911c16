// SPEC section 4, rule 3: no option of a TOA kind that a client sent reaches a
// member; all else arrives unchanged and in order. What is taken out is blanked
// with NOPs, so that nothing moves.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Connection, TIMESTAMP } from './support/connection.js';
import { CLIENT, MEMBERS, makeNetwork, TestGateway, VIP } from './support/gateway.js';
import { toa4 } from './support/packet.js';

let gateway: TestGateway;

before(async () => {
  makeNetwork();
  gateway = await TestGateway.open();
  gateway.listen({ vip: VIP, port: 80, members: [{ address: MEMBERS[0], port: 8080 }] });
  gateway.listen({ vip: VIP, port: 81, flags: 1, members: [{ address: MEMBERS[0], port: 8080 }] });
});

after(() => gateway.close());

let nextPort = 20000;

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const nops = (count: number): Buffer => Buffer.alloc(count, 1);
const forged = (kind: number, length = 8): Buffer =>
  Buffer.concat([Buffer.from([kind, length]), Buffer.alloc(length - 2, 0x77)]);

/** [what, options sent, options that must arrive behind our own] */
const cases: [string, Buffer, Buffer][] = [];
for (const kind of [200, 249, 250, 252, 253, 254]) {
  for (const length of [8, 20, 2, 6])
    cases.push([
      `kind ${kind}, length ${length}`,
      pad(forged(kind, length)),
      nops(pad(forged(kind, length)).length),
    ]);
}
cases.push(
  ['kind 28 with the length of an IPv4 address', forged(28, 8), nops(8)],
  ['kind 28 with the length of an IPv6 address', forged(28, 20), nops(20)],
  [
    'first of several',
    Buffer.concat([forged(254), TIMESTAMP]),
    Buffer.concat([nops(8), TIMESTAMP]),
  ],
  ['last of several', Buffer.concat([TIMESTAMP, forged(254)]), Buffer.concat([TIMESTAMP, nops(8)])],
  [
    'between others',
    Buffer.concat([hex('020405b4'), forged(200), TIMESTAMP]),
    Buffer.concat([hex('020405b4'), nops(8), TIMESTAMP]),
  ],
  [
    'twice',
    Buffer.concat([forged(254), TIMESTAMP, forged(253)]),
    Buffer.concat([nops(8), TIMESTAMP, nops(8)]),
  ],
  [
    'truncated by the end of the header',
    Buffer.concat([TIMESTAMP, hex('fe080050')]),
    Buffer.concat([TIMESTAMP, nops(4)]),
  ],
  ['kind in the last byte', hex('010101fe'), nops(4)],
  ['length 0', Buffer.concat([hex('fe00'), nops(2)]), nops(4)],
  ['length 1', Buffer.concat([hex('fe01'), nops(2)]), nops(4)],
  ['behind an option of length 0', Buffer.concat([hex('0300'), forged(254), nops(2)]), nops(12)],
  ['behind the end of the list', Buffer.concat([hex('00000000'), forged(254)]), nops(12)],
  ['Fast Open cookie', Buffer.concat([hex('220a0102030405060708'), nops(2)]), nops(12)],
);

const untouched: [string, Buffer][] = [
  ['user timeout (kind 28, length 4)', hex('1c048000')],
  ['two SACK blocks', hex('01010512' + '00000001000000020000000300000004')],
  ['unknown kinds', hex('4c08010203040506 fb04aabb')],
  ['end of list with padding', hex('020405b4 03030700')],
];

function pad(options: Buffer): Buffer {
  return Buffer.concat([options, nops((4 - (options.length % 4)) % 4)]);
}

function connect(port = 80): Connection {
  return new Connection(gateway, nextPort++, port);
}

describe('forged options', () => {
  for (const [name, sent, expected] of cases) {
    test(`${name}: gone from SYN, handshake and established packets`, () => {
      const c = connect();
      const own = toa4(254, CLIENT, c.sport);
      assert.deepEqual(c.syn({ options: sent }).options, Buffer.concat([own, expected]));
      c.synAck();
      assert.deepEqual(c.ack({ options: sent }).options, Buffer.concat([own, expected]));
      c.ack({ payload: Buffer.from('hello') });
      c.reply({ ack: 1006 });
      const late = c.ack({ seq: 1006, options: sent, payload: Buffer.from('data') });
      assert.deepEqual(late.options, expected);
      assert.deepEqual(late.payload, Buffer.from('data'));
    });
    test(`${name}: gone for a listener that adds none`, () => {
      assert.deepEqual(connect(81).syn({ options: sent }).options, expected);
    });
  }

  test('40 bytes of them are removed, though no room is left for our own', () => {
    const full = Buffer.concat([forged(254, 20), forged(200, 20)]);
    const before = gateway.drops().toa_no_room ?? 0;
    assert.deepEqual(connect().syn({ options: full }).options, nops(40));
    assert.equal(gateway.drops().toa_no_room, before + 1);
  });

  test('are counted', () => {
    const before = gateway.drops().toa_stripped ?? 0;
    connect().syn({ options: forged(254) });
    assert.equal(gateway.drops().toa_stripped, before + 1);
  });

  test('from a member are its own business', () => {
    const c = connect().establish();
    assert.deepEqual(c.reply({ options: forged(254) }).options, forged(254));
  });
});

describe('other options arrive as they were', () => {
  for (const [name, options] of untouched) {
    test(name, () => {
      const c = connect();
      const own = toa4(254, CLIENT, c.sport);
      assert.deepEqual(c.syn({ options }).options, Buffer.concat([own, options]));
      c.synAck();
      c.ack();
      c.ack({ payload: Buffer.from('hello') });
      c.reply({ ack: 1006 });
      assert.deepEqual(c.ack({ seq: 1006, options }).options, options);
    });
  }
});
