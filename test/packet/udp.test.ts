// UDP in FullNAT: every packet of a flow, exactly.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { flow_state } from '../../src/dataplane/abi.js';
import { ipv4ToNumber } from '../../src/dataplane/address.js';
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
import { checksum, ETHERNET, type Ipv4, udp4 } from './support/packet.js';

const UDP = 17;
let gateway: TestGateway;

before(async () => {
  makeNetwork();
  gateway = await TestGateway.open();
  const members = [{ address: MEMBERS[0], port: 5353 }];
  gateway.listen({ vip: VIP, port: 53, proto: UDP, flags: 1, members });
  gateway.listen({ vip: VIP, port: 53, members: [{ address: MEMBERS[1], port: 53 }] }); // TCP
  gateway.listen({ vip: VIP, port: 54, proto: UDP, flags: 1, members: [] });
});

after(() => gateway.close());

type Fields = Partial<Ipv4> & { noChecksum?: boolean };
const query = (fields: Fields = {}): Buffer =>
  udp4({
    smac: MAC.client,
    dmac: MAC.clientSide,
    src: CLIENT,
    dst: VIP,
    sport: 4000,
    dport: 53,
    payload: Buffer.from('query'),
    ...fields,
  });

/** The frame as the member must see it. */
const atMember = (sport: number, fields: Fields = {}): Buffer =>
  udp4({
    smac: MAC.memberSide,
    dmac: MAC.member[0],
    src: SNAT,
    dst: MEMBERS[0],
    sport,
    dport: 5353,
    ttl: 63,
    payload: Buffer.from('query'),
    ...fields,
  });

test('a query and its answer', () => {
  const { retval, frame } = gateway.run(query(), 'cl0');
  assert.equal(retval, XDP_REDIRECT);
  const port = frame.readUInt16BE(ETHERNET + 20);
  assert.deepEqual(frame, atMember(port));
  const second = gateway.run(query(), 'cl0').frame;
  assert.deepEqual(second, frame, 'the same flow');

  const answer = udp4({
    smac: MAC.member[0],
    dmac: MAC.memberSide,
    src: MEMBERS[0],
    dst: SNAT,
    sport: 5353,
    dport: port,
    payload: Buffer.from('an answer'),
  });
  assert.deepEqual(
    gateway.run(answer, 'mb0').frame,
    udp4({
      smac: MAC.clientSide,
      dmac: MAC.client,
      src: VIP,
      dst: CLIENT,
      sport: 53,
      dport: 4000,
      ttl: 63,
      payload: Buffer.from('an answer'),
    }),
  );
  const flow = gateway.dataplane.maps.flows4.get({
    saddr: ipv4ToNumber(CLIENT),
    daddr: ipv4ToNumber(VIP),
    sport: 4000,
    dport: 53,
    proto: UDP,
  });
  assert.equal(flow?.state, flow_state.STATE_UDP);
  assert.equal(flow?.packets, 2);
  assert.equal(gateway.dataplane.maps.listenerConns.get(0).active, 1);
});

test('no checksum stays no checksum', () => {
  const { frame } = gateway.run(query({ sport: 4001, noChecksum: true }), 'cl0');
  assert.deepEqual(frame, atMember(frame.readUInt16BE(ETHERNET + 20), { noChecksum: true }));
});

test('checksums stay right whatever the payload adds up to', () => {
  for (let i = 0; i < 2000; i++) {
    const payload = Buffer.from([i >> 8, i & 255, 0xff - (i & 255), i % 7, 0x80]);
    const { frame } = gateway.run(query({ sport: 4002, payload }), 'cl0');
    assert.deepEqual(frame, atMember(frame.readUInt16BE(ETHERNET + 20), { payload }));
  }
});

test('a checksum of zero is sent as ffff', () => {
  // Find a payload whose checksum towards the member computes to zero.
  const { frame } = gateway.run(query({ sport: 4003 }), 'cl0');
  const port = frame.readUInt16BE(ETHERNET + 20);
  let payload = Buffer.from([0, 0]);
  const towards = atMember(port, { payload });
  const check = towards.readUInt16BE(ETHERNET + 26);
  payload = Buffer.from([check >> 8, check & 255]);
  assert.equal(atMember(port, { payload }).readUInt16BE(ETHERNET + 26), 0xffff);
  const out = gateway.run(query({ sport: 4003, payload }), 'cl0').frame;
  assert.deepEqual(out, atMember(port, { payload }));
});

test('a pool without members answers with port unreachable', () => {
  const frame = query({ dport: 54 });
  const { retval, frame: out } = gateway.run(frame, 'cl0');
  assert.equal(retval, XDP_TX);
  const icmp = out.subarray(ETHERNET + 20);
  assert.deepEqual([icmp[0], icmp[1], checksum(icmp)], [3, 3, 0]);
  assert.deepEqual(icmp.subarray(8), frame.subarray(ETHERNET, ETHERNET + 28));
});

test("other ports are the kernel's; damaged packets go nowhere", () => {
  assert.equal(gateway.run(query({ dport: 99 }), 'cl0').retval, XDP_PASS);
  const whole = query();
  for (let length = ETHERNET; length < whole.length; length++) {
    const { retval } = gateway.run(Buffer.from(whole.subarray(0, length)), 'cl0');
    assert.ok(retval === XDP_PASS || retval === XDP_DROP);
  }
  for (const length of [0, 7, 14, 65535]) {
    const frame = query();
    frame.writeUInt16BE(length, ETHERNET + 24);
    assert.equal(gateway.run(frame, 'cl0').retval, XDP_DROP);
  }
});
