// Packets that are not forwarded: passed untouched, answered, or dropped with a
// reason.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Connection, TIMESTAMP } from './support/connection.js';
import {
  CLIENT,
  MAC,
  MEMBERS,
  makeNetwork,
  SNAT,
  TestGateway,
  VIP,
  XDP_DROP,
  XDP_PASS,
  XDP_REDIRECT,
  XDP_TX,
} from './support/gateway.js';
import { ACK, checksum, ETHERNET, FIN, parseTcp4, RST, SYN, tcp4 } from './support/packet.js';

let gateway: TestGateway;

before(async () => {
  makeNetwork();
  gateway = await TestGateway.open();
  gateway.listen({ vip: VIP, port: 80, members: [{ address: MEMBERS[0], port: 8080 }] });
  gateway.listen({ vip: VIP, port: 82, members: [] });
  gateway.listen({ vip: VIP, port: 83, flags: 0, members: [{ address: MEMBERS[0], port: 8080 }] });
  gateway.listen({
    vip: VIP,
    port: 84,
    flags: 1 | 8,
    members: [{ address: MEMBERS[0], port: 8080 }],
  });
  gateway.listen({ vip: VIP, port: 85, members: [{ address: '10.0.0.99', port: 8080 }] });
  gateway.listen({ vip: VIP, port: 86, members: [{ address: '198.51.100.1', port: 8080 }] });
});

after(() => gateway.close());

let nextPort = 30000;
const connect = (port = 80): Connection => new Connection(gateway, nextPort++, port);

function counted<T>(reason: string, by: number, action: () => T): T {
  const before = gateway.drops()[reason] ?? 0;
  const result = action();
  assert.equal((gateway.drops()[reason] ?? 0) - before, by, `${reason} counter`);
  return result;
}

describe('not ours: to the kernel, byte for byte', () => {
  const passes = (name: string, frame: Buffer): void => {
    test(name, () => {
      const { retval, frame: out } = gateway.run(frame, 'cl0');
      assert.equal(retval, XDP_PASS);
      assert.deepEqual(out, frame);
    });
  };
  const ours = tcp4({ src: CLIENT, dst: VIP, sport: 1, dport: 80, flags: SYN });
  passes(
    'another address',
    tcp4({ src: CLIENT, dst: '192.0.2.1', sport: 1, dport: 22, flags: SYN }),
  );
  passes(
    'a port of the VIP without listener',
    tcp4({ src: CLIENT, dst: VIP, sport: 1, dport: 22, flags: SYN }),
  );
  passes(
    'the SNAT address without connection',
    tcp4({ src: MEMBERS[0], dst: SNAT, sport: 8080, dport: 1024 }),
  );
  passes(
    'ARP',
    Buffer.concat([ours.subarray(0, 12), Buffer.from('0806', 'hex'), Buffer.alloc(28)]),
  );
  passes(
    'IPv6',
    Buffer.concat([ours.subarray(0, 12), Buffer.from('86dd', 'hex'), Buffer.alloc(40)]),
  );
  const icmp = Buffer.from(ours);
  icmp[ETHERNET + 9] = 47;
  passes('another IP protocol', icmp);
});

describe('strays', () => {
  test('an ACK without connection gets the RST it asks for', () => {
    const frame = tcp4({
      smac: MAC.client,
      dmac: MAC.clientSide,
      src: CLIENT,
      dst: VIP,
      sport: 9,
      dport: 80,
      seq: 7,
      ack: 4000,
      options: TIMESTAMP,
      payload: Buffer.from('x'),
    });
    const { retval, frame: out } = counted('stray', 1, () => gateway.run(frame, 'cl0'));
    assert.equal(retval, XDP_TX);
    const expected = tcp4({
      smac: MAC.clientSide,
      dmac: MAC.client,
      src: VIP,
      dst: CLIENT,
      sport: 80,
      dport: 9,
      seq: 4000,
      ack: 0,
      flags: RST,
      window: 0,
      ttl: 64,
      id: 0,
    });
    assert.deepEqual(out, expected);
  });

  test('without ACK the RST acknowledges what came', () => {
    const frame = tcp4({
      src: CLIENT,
      dst: VIP,
      sport: 9,
      dport: 80,
      seq: 7,
      flags: FIN,
      payload: Buffer.from('xyz'),
    });
    const out = parseTcp4(counted('stray', 1, () => gateway.run(frame, 'cl0')).frame);
    assert.deepEqual([out.flags, out.seq, out.ack], [RST | ACK, 0, 7 + 3 + 1]);
  });

  test('on veth the answer goes out by redirect', () => {
    gateway.dataplane.setHairpinRedirect(true);
    const frame = tcp4({ src: CLIENT, dst: VIP, sport: 9, dport: 80 });
    assert.equal(gateway.run(frame, 'cl0').retval, XDP_REDIRECT);
    gateway.dataplane.setHairpinRedirect(false);
  });

  test('a RST is never answered', () => {
    const frame = tcp4({ src: CLIENT, dst: VIP, sport: 9, dport: 80, flags: RST });
    assert.equal(counted('stray', 1, () => gateway.run(frame, 'cl0')).retval, XDP_DROP);
  });

  test('stray_packets: drop', () => {
    const frame = tcp4({ src: CLIENT, dst: VIP, sport: 9, dport: 84 });
    assert.equal(counted('stray', 1, () => gateway.run(frame, 'cl0')).retval, XDP_DROP);
  });

  test('SYN|FIN, SYN|RST and SYN|ACK open nothing', () => {
    for (const flags of [SYN | FIN, SYN | RST, SYN | ACK]) {
      const frame = tcp4({ src: CLIENT, dst: VIP, sport: 9, dport: 80, flags });
      const { retval } = counted('stray', 1, () => gateway.run(frame, 'cl0'));
      assert.equal(retval, flags & RST ? XDP_DROP : XDP_TX);
    }
  });
});

describe('a SYN that cannot be served gets RST', () => {
  const refused = (port: number, reason: string): void => {
    const frame = connect(port).fromClient({ flags: SYN, seq: 41 });
    const { retval, frame: out } = counted(reason, 1, () => gateway.run(frame, 'cl0'));
    assert.equal(retval, XDP_TX);
    const { flags, seq, ack } = parseTcp4(out);
    assert.deepEqual([flags, seq, ack], [RST | ACK, 0, 42]);
  };
  test('no member', () => refused(82, 'no_member'));
  test('listener down', () => refused(83, 'listener_down'));
  test('no route to the member', () => refused(86, 'no_route'));

  test('but waits for a neighbour that is being resolved', () => {
    const frame = connect(85).fromClient({ flags: SYN });
    assert.equal(counted('no_neighbour', 1, () => gateway.run(frame, 'cl0')).retval, XDP_DROP);
  });
});

describe('hop count', () => {
  const timeExceeded = (frame: Buffer, device: 'cl0' | 'mb0', from: string, to: string): void => {
    const { retval, frame: out } = counted('ttl_expired', 1, () => gateway.run(frame, device));
    assert.equal(retval, XDP_TX);
    assert.equal(out.length, ETHERNET + 20 + 8 + 28);
    const ip = out.subarray(ETHERNET, ETHERNET + 20);
    const icmp = out.subarray(ETHERNET + 20);
    assert.equal(checksum(ip), 0);
    assert.equal(checksum(icmp), 0);
    assert.deepEqual(
      [[...ip.subarray(12, 16)].join('.'), [...ip.subarray(16, 20)].join('.'), ip[9]],
      [from, to, 1],
    );
    assert.deepEqual([icmp[0], icmp[1]], [11, 0]);
    assert.deepEqual(icmp.subarray(8), frame.subarray(ETHERNET, ETHERNET + 28));
    assert.deepEqual(
      out.subarray(0, 12),
      Buffer.concat([frame.subarray(6, 12), frame.subarray(0, 6)]),
    );
  };

  test('a new connection with 1 left', () => {
    timeExceeded(connect().fromClient({ flags: SYN, ttl: 1 }), 'cl0', VIP, CLIENT);
  });

  test('an established one, both ways', () => {
    const c = connect().establish();
    timeExceeded(c.fromClient({ ttl: 1, payload: Buffer.from('payload') }), 'cl0', VIP, CLIENT);
    timeExceeded(c.fromMember({ ttl: 1 }), 'mb0', SNAT, MEMBERS[0]);
    assert.equal(c.ack({ ttl: 2 }).ttl, 1);
  });
});

describe('IP options', () => {
  test('are forwarded unchanged, with the client address behind them', () => {
    for (const words of [1, 5, 10]) {
      const c = connect();
      const ipOptions = Buffer.concat([Buffer.alloc(words * 4 - 1, 1), Buffer.from([0])]);
      const out = c.syn({ ipOptions });
      assert.deepEqual(out.ipOptions, ipOptions);
      assert.equal(out.options[0], 254);
      c.synAck({ ipOptions });
      c.ack({ ipOptions });
      c.ack({ payload: Buffer.from('hello') });
      c.reply({ ack: 1006, ipOptions });
      assert.deepEqual(
        c.ack({ seq: 1006, ipOptions, payload: Buffer.from('x') }).ipOptions,
        ipOptions,
      );
    }
  });
});

describe('malformed', () => {
  /** A cut or damaged packet may pass untouched, or be dropped; it is never sent. */
  const harmless = (frame: Buffer, device: 'cl0' | 'mb0'): void => {
    const { retval, frame: out } = gateway.run(frame, device);
    assert.ok(
      retval === XDP_PASS || retval === XDP_DROP,
      `verdict ${retval} for ${frame.toString('hex')}`,
    );
    if (retval === XDP_PASS) assert.deepEqual(out, frame);
  };

  test('frames of every length from 14 to 80 bytes', () => {
    const c = connect().establish();
    const whole = c.fromClient({ options: TIMESTAMP, payload: Buffer.alloc(40, 0x61) });
    const syn = connect().fromClient({
      flags: SYN,
      options: TIMESTAMP,
      payload: Buffer.alloc(40, 0x61),
    });
    // The kernel runs nothing shorter than an Ethernet header.
    for (let length = 0; length < ETHERNET; length++) {
      assert.throws(() => gateway.run(whole.subarray(0, length), 'cl0'), { code: 'EINVAL' });
    }
    for (let length = ETHERNET; length <= 80; length++) {
      harmless(Buffer.from(whole.subarray(0, length)), 'cl0');
      harmless(Buffer.from(syn.subarray(0, length)), 'cl0');
    }
    assert.equal(gateway.run(whole, 'cl0').retval, XDP_REDIRECT);
  });

  test('every value of version, header length and data offset', () => {
    const c = connect().establish();
    for (let value = 0; value < 256; value++) {
      const ip = c.fromClient({});
      ip[ETHERNET] = value;
      if (value !== 0x45) harmless(ip, 'cl0');
      const tcp = c.fromClient({ payload: Buffer.alloc(8) });
      tcp[ETHERNET + 32] = value;
      // 5 to 7 words are within the packet: an odd offset is not malformed.
      if (value >> 4 < 5 || value >> 4 > 7) harmless(tcp, 'cl0');
    }
  });

  test('total length below and beyond the frame', () => {
    const c = connect().establish();
    for (const length of [0, 19, 20, 39, 41, 1500, 65535]) {
      const frame = c.fromClient({});
      frame.writeUInt16BE(length, ETHERNET + 2);
      harmless(frame, 'cl0');
    }
  });

  test('fragments are dropped with a reason', () => {
    const c = connect().establish();
    for (const bits of [0x2000, 0x2001, 0x0001]) {
      const frame = c.fromClient({});
      frame.writeUInt16BE(bits, ETHERNET + 6);
      assert.equal(counted('fragment', 1, () => gateway.run(frame, 'cl0')).retval, XDP_DROP);
    }
  });
});
