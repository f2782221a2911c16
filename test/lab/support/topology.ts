// The lab's network: five hosts on two segments, each host a network namespace.
//
//      client1                     client2
//      192.0.2.11                  198.51.100.22
//      2001:db8:1::11              2001:db8:2::22
//         │ eth0                      │ eth0
//    ─────┴────────── outside ────────┴─────      a bridge in namespace "switch"
//                        │ eth0      192.0.2.1  198.51.100.1  2001:db8:1::1  2001:db8:2::1
//                     gateway        VIP 203.0.113.10, 2001:db8:10::10 (routed here by the clients)
//                        │ eth1      10.77.2.1  fd77:2::1
//                        │           SNAT 10.77.2.240-241, fd77:2::f0-f1
//    ─────┬────────── inside ─────────┬─────      a second bridge in "switch"
//         │ eth0                      │ eth0
//      10.77.2.11                  10.77.2.12
//      fd77:2::11                  fd77:2::12
//      backend1                    backend2
//
// The gateway's daemon itself adds VIP and SNAT addresses and turns forwarding on.
// Backends have no route but their own segment: they can answer the SNAT
// addresses and nobody else. The veths compute their checksums in software
// (XDP sees the bytes as they would be on a wire) and have GRO on, which a veth
// needs to take packets redirected by XDP.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Host } from './host.js';
import {
  destroy,
  type LabRecord,
  processStartTime,
  readRecord,
  sweep,
  writeRecord,
} from './registry.js';
import { CommandLog, run } from './run.js';

export const hostNames = ['client1', 'client2', 'gateway', 'backend1', 'backend2'] as const;
export type HostName = (typeof hostNames)[number];

export const addresses = {
  vip4: '203.0.113.10',
  vip6: '2001:db8:10::10',
  client1: { v4: '192.0.2.11', v6: '2001:db8:1::11' },
  client2: { v4: '198.51.100.22', v6: '2001:db8:2::22' },
  gatewayOutside: { v4: '192.0.2.1', v6: '2001:db8:1::1' },
  gatewayInside: { v4: '10.77.2.1', v6: 'fd77:2::1' },
  backend1: { v4: '10.77.2.11', v6: 'fd77:2::11' },
  backend2: { v4: '10.77.2.12', v6: 'fd77:2::12' },
  snat4: ['10.77.2.240', '10.77.2.241'],
  snat6: ['fd77:2::f0', 'fd77:2::f1'],
} as const;

interface Wiring {
  host: HostName;
  device: string;
  bridge: 'outside' | 'inside';
  addresses: readonly string[];
  routes: readonly string[];
}

const wiring: readonly Wiring[] = [
  {
    host: 'client1',
    device: 'eth0',
    bridge: 'outside',
    addresses: ['192.0.2.11/24', '2001:db8:1::11/64'],
    routes: ['default via 192.0.2.1', 'default via 2001:db8:1::1'],
  },
  {
    host: 'client2',
    device: 'eth0',
    bridge: 'outside',
    addresses: ['198.51.100.22/24', '2001:db8:2::22/64'],
    routes: ['default via 198.51.100.1', 'default via 2001:db8:2::1'],
  },
  {
    host: 'gateway',
    device: 'eth0',
    bridge: 'outside',
    addresses: ['192.0.2.1/24', '198.51.100.1/24', '2001:db8:1::1/64', '2001:db8:2::1/64'],
    routes: [],
  },
  {
    host: 'gateway',
    device: 'eth1',
    bridge: 'inside',
    addresses: ['10.77.2.1/24', 'fd77:2::1/64'],
    routes: [],
  },
  {
    host: 'backend1',
    device: 'eth0',
    bridge: 'inside',
    addresses: ['10.77.2.11/24', 'fd77:2::11/64'],
    routes: [],
  },
  {
    host: 'backend2',
    device: 'eth0',
    bridge: 'inside',
    addresses: ['10.77.2.12/24', 'fd77:2::12/64'],
    routes: [],
  },
];

export interface TopologyOptions {
  /** First part of every namespace's name; default: unique to this process. */
  name?: string;
  /** MTU of both segments. */
  mtu?: number;
}

let made = 0;

/** The running network. Everything in it goes away with destroy(). */
export class Topology {
  #bpffs: Promise<string> | null = null;

  private constructor(
    readonly record: LabRecord,
    readonly log: CommandLog,
    readonly hosts: Readonly<Record<HostName, Host>>,
    /** The namespace that holds both bridges. */
    readonly fabric: Host,
  ) {}

  static async create(options: TopologyOptions = {}): Promise<Topology> {
    if (process.getuid?.() !== 0)
      throw new Error('the lab makes network namespaces: run it as root');
    await sweep();
    const name = options.name ?? `cn${process.pid}${made++ === 0 ? '' : `x${made}`}`;
    const old = readRecord(name);
    if (old !== null && old.pid !== 0)
      throw new Error(`lab ${name} is in use by process ${old.pid}`); // sweep() found it alive
    if (old !== null) await destroy(old);
    const record: LabRecord = {
      name,
      pid: process.pid,
      startTime: processStartTime(process.pid) ?? '',
      dir: mkdtempSync(join(tmpdir(), 'clearnat-lab-')),
      namespaces: [...hostNames, 'switch'].map((host) => `${name}-${host}`),
      cgroups: [],
    };
    writeRecord(record);
    const log = new CommandLog(join(record.dir, 'commands.log'));
    const host = (hostName: string) => new Host(hostName, `${name}-${hostName}`, record, log);
    const hosts = Object.fromEntries(hostNames.map((hostName) => [hostName, host(hostName)]));
    const topology = new Topology(record, log, hosts as Record<HostName, Host>, host('switch'));
    try {
      await topology.#build(options.mtu ?? 1500);
    } catch (error) {
      await topology.destroy();
      throw error;
    }
    return topology;
  }

  get dir(): string {
    return this.record.dir;
  }

  /** A bpffs of this lab's own: pins outlive every process and end with the lab. */
  bpffs(): Promise<string> {
    this.#bpffs ??= this.#mountBpffs();
    return this.#bpffs;
  }

  async #mountBpffs(): Promise<string> {
    const path = join(this.dir, 'bpffs');
    mkdirSync(path);
    this.log.write(`+ mount -t bpf bpf ${path}`);
    await run(['mount', '-t', 'bpf', 'bpf', path]);
    return path;
  }

  async #ip(lines: string[], namespace?: string): Promise<void> {
    for (const line of lines) this.log.write(`+ ip ${namespace ? `-n ${namespace} ` : ''}${line}`);
    const where = namespace ? ['-n', namespace] : [];
    await run(['ip', ...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }

  async #build(mtu: number): Promise<void> {
    const fabric = this.fabric.namespace;
    await this.#ip(this.record.namespaces.map((namespace) => `netns add ${namespace}`));
    await this.#ip(
      ['outside', 'inside'].flatMap((bridge) => [
        `link add ${bridge} mtu ${mtu} type bridge stp_state 0 mcast_snooping 0`,
        `link set ${bridge} up`,
      ]),
      fabric,
    );
    for (const host of Object.values(this.hosts))
      await this.#ip(['link set lo up'], host.namespace);
    for (const wire of wiring) await this.#plug(wire, mtu);
  }

  async #plug(wire: Wiring, mtu: number): Promise<void> {
    const host = this.hosts[wire.host];
    const port = `${wire.host}-${wire.device}`.replace('backend', 'b').replace('client', 'c');
    const fabric = this.fabric.namespace;
    await this.#ip([
      `link add ${wire.device} mtu ${mtu} netns ${host.namespace} type veth peer name ${port} mtu ${mtu} netns ${fabric}`,
    ]);
    const offloads = ['tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'on'];
    await host.run(['ethtool', '-K', wire.device, ...offloads]);
    await this.fabric.run(['ethtool', '-K', port, ...offloads]);
    await this.#ip([`link set ${port} master ${wire.bridge}`, `link set ${port} up`], fabric);
    await this.#ip(
      [
        `link set ${wire.device} up`,
        ...wire.addresses.map(
          (address) =>
            `address add ${address} dev ${wire.device}${address.includes(':') ? ' nodad' : ''}`,
        ),
        ...wire.routes.map((route) => `route add ${route} dev ${wire.device}`),
      ],
      host.namespace,
    );
  }

  /** Leaves the network up after this process; destroy() of a later one removes it. */
  keep(): void {
    this.record.pid = 0;
    this.record.startTime = '';
    writeRecord(this.record);
  }

  async destroy(): Promise<void> {
    await destroy(this.record);
  }
}
