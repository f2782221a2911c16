// Uses everything in the addon, failures included, again and again; run by
// native/valgrind-check: node --expose-gc dist/test/unit/native/leak.js [ROUNDS]
import { createServer } from 'node:net';
import { addon, type BpfMap } from '../../../src/native/index.js';
import { compile, enterNamespace, MapType, noBpf, sh, words } from './support.js';

enterNamespace(import.meta.url);

const rounds = Number(process.argv[2] ?? 3);

async function fails(action: () => unknown): Promise<void> {
  try {
    await action();
  } catch {
    return;
  }
  throw new Error(`expected a failure: ${action}`);
}

async function maps(map: BpfMap): Promise<void> {
  const keys = words(...Array.from({ length: 16 }, (_, i) => i));
  await map.updateMany(keys, Buffer.alloc(16 * map.ioValueSize));
  map.update(words(1), Buffer.alloc(map.ioValueSize, 1));
  map.lookup(words(1));
  map.lookup(words(99));
  await map.entries();
  await fails(() => map.updateMany(keys, Buffer.alloc(16 * map.ioValueSize), 99));
  await fails(() => map.update(words(1), Buffer.alloc(map.ioValueSize), 99));
  map.delete(words(1));
  await map.deleteMany(keys);
}

async function objects(good: string, bad: string): Promise<void> {
  const refused = addon.openObject(bad);
  await fails(() => refused.load());
  await fails(() => addon.openObject('/nonexistent'));
  const object = addon.openObject(good);
  object.setRodata(0, words(3));
  object.setAutoload('report', true);
  await fails(() => object.setMaxEntries('nothing', 1));
  await object.load();
  object.mapNames();
  object.programNames();
  await maps(object.map('hash'));
  const report = object.program('report');
  report.info;
  let events = 0;
  const ring = addon.ringBuffer(object.map('events'), () => events++);
  for (let i = 0; i < 10; i++)
    report.testRun({ data: Buffer.alloc(60), ctx: words(0, 60, 0, 1, 0, 0) });
  while (events < 10) await new Promise((resolve) => setTimeout(resolve, 5));
  await report.testRunAsync({ data: Buffer.alloc(60), repeat: 10 });
  await fails(() => report.testRunAsync({ data: Buffer.alloc(60), dataOutSize: 1 }));
  ring.close();
  const link = addon.attachXdp(report, 1, 2);
  await fails(() => addon.attachXdp(report, 1, 2));
  link.info;
  link.update(object.program('answer'));
  addon.xdpProgramId(1);
  link.detach();
  link.close();
  object.close();
}

async function network(port: number): Promise<void> {
  let events = 0;
  const monitor = addon.netlinkMonitor(
    (batch) => {
      events += batch.length;
    },
    () => {},
  );
  addon.addressAdd(1, '127.0.0.7', 8);
  addon.addressDelete(1, '127.0.0.7', 8);
  await fails(() => addon.addressDelete(1, '127.0.0.7', 8));
  addon.routeGet('127.0.0.1');
  await fails(() => addon.routeGet('192.0.2.1'));
  await fails(() => addon.neighbourUse(9999, '127.0.0.1'));
  addon.ifname(addon.ifindex('lo'));
  await addon.tcpProbe('127.0.0.1', port, 5000);
  await fails(() => addon.tcpProbe('127.0.0.1', 1, 5000));
  await fails(() => addon.tcpProbe('10.77.0.99', 80, 1));
  await Promise.all([addon.ping('127.0.0.1', 5000), addon.ping('::1', 5000)]);
  await fails(() => addon.ping('192.0.2.1', 10));
  await fails(() => addon.ping('10.77.0.99', 1));
  const packet = Buffer.alloc(28);
  packet.set([0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
  addon.sendRaw([packet, Buffer.alloc(1)]);
  while (events < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  monitor.close();
}

const server = createServer((socket) => socket.on('error', () => {}));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
const port = address !== null && typeof address === 'object' ? address.port : 0;
sh(`ip link add va type veth peer name vb && ip link set va up && ip link set vb up
  ip addr add 10.77.0.1/24 dev vb`);
if (noBpf) throw new Error(noBpf);
const [good, bad] = [compile('xdp'), compile('refused')];
for (let round = 0; round < rounds; round++) {
  await objects(good, bad);
  for (const type of [MapType.array, MapType.lru, MapType.percpuHash]) {
    const map = addon.createMap(type, 4, 8, 16, 0);
    if (type !== MapType.array) await maps(map);
    else await map.entries();
  }
  const trie = addon.createMap(MapType.lpm, 8, 4, 10, 1);
  trie.update(words(32, 7), words(1));
  await trie.entries();
  await network(port);
  global.gc?.();
}
server.close();
console.log(`leak: ${rounds} rounds done`);
