// SNAT ports: the whole space towards one member, and no further.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { end_reason, flow_state } from '../../src/dataplane/abi.js';
import { ipv4ToNumber } from '../../src/dataplane/address.js';
import { Connection } from './support/connection.js';
import { MEMBERS, makeNetwork, TestGateway, VIP, XDP_REDIRECT, XDP_TX } from './support/gateway.js';
import { ETHERNET, RST, SYN } from './support/packet.js';

const SPACE = 64_512;
const EXTRA = '10.0.0.101';

let gateway: TestGateway;

before(async () => {
  makeNetwork();
  gateway = await TestGateway.open({ connections: SPACE * 2 });
  gateway.listen({ vip: VIP, port: 80, members: [{ address: MEMBERS[0], port: 8080 }] });
  gateway.listen({ vip: VIP, port: 81, members: [{ address: MEMBERS[0], port: 8081 }] });
});

after(() => gateway.close());

/** Clients 192.0.x.y without neighbours: the way back is the way the SYN came. */
const client = (n: number): Connection =>
  new Connection(gateway, 1024 + (n % 50_000), 80, `192.0.2.${2 + Math.floor(n / 50_000)}`);

/** Source of the SYN a member sees, or null when the client got RST instead. */
function open(connection: Connection): { address: string; port: number } | null {
  const { retval, frame } = gateway.run(connection.fromClient({ flags: SYN }), 'cl0');
  if (retval === XDP_TX) {
    assert.ok(((frame[ETHERNET + 33] as number) & RST) !== 0);
    return null;
  }
  assert.equal(retval, XDP_REDIRECT);
  return {
    address: [...frame.subarray(ETHERNET + 12, ETHERNET + 16)].join('.'),
    port: frame.readUInt16BE(ETHERNET + 20),
  };
}

const keyOf = (connection: Connection) => ({
  saddr: ipv4ToNumber(connection.client),
  daddr: ipv4ToNumber(VIP),
  sport: connection.sport,
  dport: connection.dport,
  proto: 6,
});

function end(connection: Connection, reason: number, lastSeen = 0): number {
  const key = keyOf(connection);
  return gateway.dataplane.expire([{ key, last_seen: lastSeen, peer_last_seen: lastSeen }], reason);
}

test('every port of the space is given out once, then connections are refused', () => {
  const seen = new Set<number>();
  for (let n = 0; n < SPACE; n++) {
    const source = open(client(n));
    assert.ok(source, `connection ${n + 1} of ${SPACE} was refused`);
    assert.equal(source.address, '10.0.0.100');
    assert.ok(source.port >= 1024 && source.port <= 65535);
    seen.add(source.port);
  }
  assert.equal(seen.size, SPACE);
  assert.equal(open(client(SPACE)), null);
  assert.equal(gateway.drops().snat_exhausted, 1);
});

test('another member port has a space of its own', () => {
  assert.ok(open(new Connection(gateway, 5, 81)));
});

test('a port that is given back is found in the full space', () => {
  for (const n of [0, 4031, 4032, 40_000, SPACE - 1]) {
    const flow = gateway.dataplane.maps.flows4.get(keyOf(client(n)));
    assert.ok(flow);
    assert.equal(end(client(n), end_reason.END_CUT), 1);
    assert.equal(gateway.dataplane.maps.flows4.get(keyOf(client(n))), null);
    assert.deepEqual(open(client(SPACE + 1 + n)), { address: '10.0.0.100', port: flow.sport });
    assert.equal(open(client(n)), null);
  }
});

test('a second SNAT address doubles the space', () => {
  gateway.snat(['10.0.0.100', EXTRA]);
  assert.equal(open(client(2 * SPACE + 1))?.address, EXTRA);
});

test('the counters follow', () => {
  const count = gateway.dataplane.maps.memberConns.get(0);
  assert.equal(count.inactive, 0);
  assert.equal(count.active, SPACE + 1);
  assert.equal(count.total, SPACE + 6);
});

test('expiry spares a connection that has seen a packet since', () => {
  const connection = client(7);
  const flow = gateway.dataplane.maps.flows4.get(keyOf(connection));
  assert.ok(flow);
  assert.equal(flow.state, flow_state.STATE_SYN_SENT);
  assert.equal(end(connection, end_reason.END_IDLE, flow.last_seen - 1), 0);
  assert.ok(gateway.dataplane.maps.flows4.get(keyOf(connection)));
  assert.equal(end(connection, end_reason.END_IDLE, flow.last_seen), 1);
  assert.equal(end(connection, end_reason.END_IDLE, flow.last_seen), 0, 'ended only once');
});
