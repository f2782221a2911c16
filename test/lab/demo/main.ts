// scripts/demo runs this: the main job in front of your eyes, with real servers.
// usage: node dist/test/lab/demo/main.js [--keep | --down]
import { readFileSync } from 'node:fs';
import { Capture } from '../support/capture.js';
import type { Host } from '../support/host.js';
import { findToa } from '../support/pcap.js';
import { destroy, readRecord } from '../support/registry.js';
import { commandLine } from '../support/run.js';
import { addresses } from '../support/topology.js';
import { type Request, requests } from '../support/traffic.js';
import { checkLogs, checkPackets } from './check.js';
import { hints } from './hints.js';
import { buildLab, type DemoLab, labName, port, trust } from './lab.js';
import { command, green, Progress, proven, quote, say, step } from './screen.js';
import { showPacket } from './wire.js';

const url = `http://${addresses.vip4}`;
const many = 200;

/** Every request has a query of its own, so that its line in a log can be told. */
const ask = (client: Host, count: number, parallel = 1) =>
  requests(client, url, count, parallel, '/?');

const picture = `
     client1              client2
     ${addresses.client1.v4}           ${addresses.client2.v4}
        |                    |
        +---------+----------+
                  |  VIP ${addresses.vip4}, port 80
               gateway
                  |  SNAT ${addresses.snat4[0]} and ${addresses.snat4[1]}
        +---------+----------+
        |                    |
     ${addresses.backend1.v4}           ${addresses.backend2.v4}
     backend1: nginx      backend2: python3 -m http.server`;

async function startReceivers({ receivers }: DemoLab): Promise<void> {
  step('Receivers: on each backend, trust the gateway');
  for (const [name, receiver] of Object.entries(receivers)) {
    command(name, `toactl load --trust ${trust}`);
    await receiver.load(trust);
  }
}

async function startGateway({ gateway }: DemoLab): Promise<void> {
  step('Gateway');
  command('gateway', 'cat clearnat.yaml');
  quote(readFileSync(gateway.configPath, 'utf8'));
  command('gateway', 'clearnat run --config clearnat.yaml');
  await gateway.start();
  command('gateway', 'clearnat list');
  quote((await gateway.clearnat('list')).stdout);
}

async function firstRequests({ lab }: DemoLab): Promise<Request[]> {
  step('Requests, and what a backend receives');
  const { client1, client2, backend1 } = lab.hosts;
  const capture = await Capture.start(
    backend1,
    `tcp dst port ${port} and not src ${addresses.gatewayInside.v4}`,
  );
  const made: Request[] = [];
  for (const client of [client1, client2, client1, client2]) {
    // Both members in turn, for either client.
    for (const [request] of [await ask(client, 1), await ask(client, 1)]) {
      if (request === undefined) throw new Error(`no request from ${client.name}`);
      command(
        client.name,
        `curl ${url}${request.path}   (from port ${request.port}: ${request.status})`,
      );
      made.push(request);
    }
  }
  say();
  say("   On backend1's wire, the first packets of each connection:");
  const packets = (await capture.stop()).filter(({ tcp }) => tcp !== null && findToa(tcp) !== null);
  packets.filter(({ tcp }) => tcp?.flags === 'S').forEach(showPacket);
  checkPackets(packets, made);
  proven(`${packets.length} packets: source is the gateway's, the first option names the client`);
  return made;
}

function showLogs({ nginx, python }: DemoLab, made: readonly Request[]): void {
  step("Access logs: the clients' own addresses");
  for (const server of [nginx, python]) {
    command(server.host.name, `tail -n 4 ${server.definition.kind}'s access log`);
    quote(server.logTail(4));
  }
  checkLogs(made, [...nginx.entries(), ...python.entries()]);
  proven(`${made.length} of ${made.length} requests are logged with the address they came from`);
}

async function manyRequests({ lab, nginx, python }: DemoLab): Promise<number> {
  step(`${many} more requests`);
  const { client1, client2 } = lab.hosts;
  const progress = new Progress('requests', many);
  const made: Request[] = [];
  while (made.length < many) {
    const batch = [ask(client1, 10, 5), ask(client2, 10, 5)];
    made.push(...(await Promise.all(batch)).flat());
    progress.at(made.length);
  }
  checkLogs(made, [...nginx.entries(), ...python.entries()]);
  proven(`${made.length} of ${made.length} are logged with the address they came from`);
  return made.length;
}

async function demonstrate(demo: DemoLab): Promise<string> {
  await startReceivers(demo);
  await startGateway(demo);
  const made = await firstRequests(demo);
  showLogs(demo, made);
  const more = await manyRequests(demo);
  command('gateway', 'clearnat list');
  quote((await demo.gateway.clearnat('list')).stdout);
  return `${made.length + more} requests through FullNAT, each logged by nginx or Python with its client's own address`;
}

async function down(): Promise<void> {
  const record = readRecord(labName);
  if (record === null) say('demo: nothing is up');
  else {
    await destroy(record);
    say('demo: everything is taken down');
  }
}

async function main(keep: boolean): Promise<void> {
  step('Network: five hosts, each a network namespace; nginx and Python as they come');
  const demo = await buildLab();
  const interrupted = () => {
    demo.lab.destroy().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  let ended = false;
  try {
    say(picture);
    for (const { host, definition } of [demo.nginx, demo.python])
      command(host.name, commandLine(definition.argv));
    const result = await demonstrate(demo);
    if (keep) {
      demo.lab.keep();
      ended = true;
      hints(demo);
    }
    say();
    say(green(`demo: ok: ${result}`));
  } catch (error) {
    process.stderr.write(`\n${demo.gateway.log()}\n${demo.lab.log.tail(15)}\n`);
    throw error;
  } finally {
    if (!ended) await demo.lab.destroy();
  }
}

try {
  const [option] = process.argv.slice(2);
  if (option === '--down') await down();
  else await main(option === '--keep');
  process.exit(0);
} catch (error) {
  process.stderr.write(`demo: FAILED: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
