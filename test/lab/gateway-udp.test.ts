// UDP through the gateway: a Python server on each backend says who it is and
// whom it sees.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Gateway } from './support/gateway.js';
import { addresses, Topology } from './support/topology.js';
import { waitFor } from './support/wait.js';

const port = 5300;
const backends = ['backend1', 'backend2'] as const;

const SERVER = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", ${port}))
while True:
    data, peer = s.recvfrom(2048)
    s.sendto(("%s %s " % (sys.argv[1], peer[0])).encode() + data, peer)
`;

/** Sends COUNT questions from one socket each (or all from one) and prints the answers. */
const CLIENT = `
import socket, sys
vip, port, count, same = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "same"
s = None
for i in range(count):
    if s is None or not same:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(3)
        if not same: # a port of its own: chance would give some twice, and with them a known flow
            s.bind(("0.0.0.0", 20000 + i))
        s.connect((vip, port))
    s.send(b"question %d" % i)
    print(s.recv(2048).decode())
`;

describe('UDP', { timeout: 60_000 }, () => {
  let lab: Topology;
  before(async () => {
    lab = await Topology.create();
    try {
      for (const name of backends)
        lab.hosts[name].background(['python3', '-c', SERVER, name], { log: `${name}-udp.log` });
      const members = backends.map((name) => ({ name, address: addresses[name].v4, port }));
      const gateway = await Gateway.prepare(lab, {
        listeners: [
          { name: 'round', port: 53, protocol: 'UDP', members },
          { name: 'source', port: 54, protocol: 'UDP', algorithm: 'SOURCE_IP', members },
        ],
      });
      await gateway.start();
      await waitFor('both members to be up', 10_000, async () => {
        const found = await gateway.members('round');
        return found.every(({ operating_status }) => operating_status === 'ONLINE');
      });
    } catch (error) {
      process.stderr.write(`${lab.log.tail()}\n`);
      await lab.destroy();
      throw error;
    }
  });
  after(() => lab?.destroy());

  async function ask(
    vipPort: number,
    count: number,
    sockets: 'same' | 'each',
  ): Promise<string[][]> {
    const { stdout } = await lab.hosts.client1.run(
      ['python3', '-c', CLIENT, addresses.vip4, String(vipPort), String(count), sockets],
      { timeoutMs: 30_000 },
    );
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
  }

  test('every question is answered, by both members in turn', async () => {
    const answers = await ask(53, 200, 'each');
    assert.equal(answers.length, 200);
    for (const [i, answer] of answers.entries()) {
      assert.deepEqual(answer.slice(2), ['question', String(i)]);
      assert.ok((addresses.snat4 as readonly string[]).includes(answer[1] as string), answer[1]);
    }
    for (const name of backends) assert.equal(answers.filter(([who]) => who === name).length, 100);
  });

  test('a flow stays with its member', async () => {
    const answers = await ask(53, 50, 'same');
    assert.equal(new Set(answers.map(([who]) => who)).size, 1);
  });

  test('SOURCE_IP keeps a client with its member', async () => {
    const answers = await ask(54, 50, 'each');
    assert.equal(answers.length, 50);
    assert.equal(new Set(answers.map(([who]) => who)).size, 1);
  });
});
