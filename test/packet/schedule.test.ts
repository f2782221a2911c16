// Which member a new connection gets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { end_reason, pool_algorithm } from '../../src/dataplane/abi.js';
import { ipv4ToNumber } from '../../src/dataplane/address.js';
import { Connection } from './support/connection.js';
import { CLIENT, MEMBERS, makeNetwork, TestGateway, VIP, XDP_TX } from './support/gateway.js';
import { SYN } from './support/packet.js';

let gateway: TestGateway;
let nextPort = 20_000;

before(async () => {
  makeNetwork();
  gateway = await TestGateway.open({ connections: 16384 });
});

after(() => gateway.close());

const two = (weights: [number, number] = [1, 1]) =>
  MEMBERS.map((address, i) => ({ address, port: 8080, weight: weights[i] as number }));

const connect = (port: number, client = CLIENT): Connection =>
  new Connection(gateway, nextPort++, port, client);

test('LEAST_CONNECTIONS follows connections and weights exactly', () => {
  const { LB_LEAST_CONNECTIONS } = pool_algorithm;
  gateway.listen({ vip: VIP, port: 80, algorithm: LB_LEAST_CONNECTIONS, members: two([1, 3]) });
  const opened = Array.from({ length: 400 }, () => {
    const connection = connect(80);
    return { connection, member: connection.syn().dst };
  });
  assert.equal(opened.filter(({ member }) => member === MEMBERS[0]).length, 100);
  // When all of the second member's connections end, it gets the next ones.
  const ended = opened.filter(({ member }) => member === MEMBERS[1]);
  const entries = ended.map(({ connection }) => ({
    key: {
      saddr: ipv4ToNumber(connection.client),
      daddr: ipv4ToNumber(VIP),
      sport: connection.sport,
      dport: 80,
      proto: 6,
    },
  }));
  assert.equal(gateway.dataplane.expire(entries, end_reason.END_CUT), 300);
  for (let i = 0; i < 300; i++) assert.equal(connect(80).syn().dst, MEMBERS[1]);
});

test('SOURCE_IP sends a client to one member, and clients to all', () => {
  const { LB_SOURCE_IP } = pool_algorithm;
  gateway.listen({
    vip: VIP,
    port: 81,
    algorithm: LB_SOURCE_IP,
    members: two(),
    order: [0, 1, 0, 1, 1, 0, 0],
  });
  const counts = new Map<string, number>();
  for (let host = 1; host < 250; host++) {
    const client = `192.0.2.${host}`;
    const member = connect(81, client).syn().dst;
    for (let again = 0; again < 3; again++) assert.equal(connect(81, client).syn().dst, member);
    counts.set(member, (counts.get(member) ?? 0) + 1);
  }
  for (const member of MEMBERS)
    assert.ok((counts.get(member) ?? 0) > 80, `${member} has ${counts.get(member)} of 249`);
});

test('connection_limit refuses the one too many, until one ends', () => {
  gateway.listen({ vip: VIP, port: 82, limit: 3, members: two() });
  const opened = [connect(82), connect(82), connect(82)];
  for (const connection of opened) connection.syn();
  const refused = () => gateway.run(connect(82).fromClient({ flags: SYN }), 'cl0').retval;
  assert.equal(refused(), XDP_TX);
  assert.equal(gateway.drops().connection_limit, 1);
  opened[0]?.synAck({ flags: 4 | 16 });
  connect(82).syn();
  assert.equal(refused(), XDP_TX);
});

test('a listener on all ports serves those that no other does', () => {
  gateway.listen({ vip: VIP, port: 0, members: [{ address: MEMBERS[1], port: 9000 }] });
  gateway.listen({ vip: VIP, port: 83, members: [{ address: MEMBERS[0], port: 9001 }] });
  assert.equal(connect(12345).syn().dport, 9000);
  assert.equal(connect(83).syn().dport, 9001);
});
