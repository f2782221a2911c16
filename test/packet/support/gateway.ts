// The real programs, loaded in a network namespace of their own with real
// interfaces, routes and neighbours, and fed packets by BPF_PROG_TEST_RUN.
//
//   client 192.0.2.10 --- cl0 [gateway] mb0 --- members 10.0.0.11, .12
//                    192.0.2.1       10.0.0.1
//
// VIP 203.0.113.10, SNAT address 10.0.0.100.
import { execFileSync, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import * as abi from '../../../src/dataplane/abi.js';
import { addressToBytes } from '../../../src/dataplane/address.js';
import { encode, index } from '../../../src/dataplane/codec.js';
import { Dataplane } from '../../../src/dataplane/dataplane.js';
import { AddressFilter } from '../../../src/dataplane/filter.js';
import type { Sizes } from '../../../src/dataplane/maps.js';
import { sumPerCpu } from '../../../src/dataplane/typed-map.js';
import { addon } from '../../../src/native/index.js';
import { type Ipv4Tcp, parseTcp4 } from './packet.js';

export const VIP = '203.0.113.10';
export const SNAT = '10.0.0.100';
export const CLIENT = '192.0.2.10';
export const MEMBERS = ['10.0.0.11', '10.0.0.12'] as const;
export const MAC = {
  client: '02:00:00:00:0a:10',
  clientSide: '02:00:00:00:01:01',
  memberSide: '02:00:00:00:02:01',
  member: ['02:00:00:00:0b:11', '02:00:00:00:0b:12'],
} as const;

export const XDP_DROP = 1;
export const XDP_PASS = 2;
export const XDP_TX = 3;
export const XDP_REDIRECT = 4;

const DEFAULT_SIZES: Sizes = {
  connections: 4096,
  listeners: 16,
  pools: 16,
  members: 16,
  dests: 16,
  schedule: 1024,
  snatSets: 16,
  vips: 64,
};

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Interfaces, routes and neighbours; once per process. */
export function makeNetwork(): void {
  const host = process.env.CLEARNAT_HOST_NETNS;
  if (!host || readlinkSync('/proc/self/ns/net') === host)
    throw new Error(
      'packet tests change the network: run them by `npm run test:packet` (unshare --net)',
    );
  ip('link', 'set', 'lo', 'up');
  const side = (name: string, address: string, network: string): void => {
    spawnSync('ip', ['link', 'delete', name], { stdio: 'ignore' }); // of the file before
    ip('link', 'add', name, 'address', address, 'type', 'veth', 'peer', 'name', `${name}p`);
    ip('link', 'set', name, 'up');
    ip('link', 'set', `${name}p`, 'up');
    ip('address', 'add', network, 'dev', name);
  };
  side('cl0', MAC.clientSide, '192.0.2.1/24');
  side('mb0', MAC.memberSide, '10.0.0.1/24');
  const neighbour = (address: string, lladdr: string, dev: string): void =>
    ip('neigh', 'add', address, 'lladdr', lladdr, 'dev', dev, 'nud', 'permanent');
  neighbour(CLIENT, MAC.client, 'cl0');
  for (const [i, address] of MEMBERS.entries()) neighbour(address, MAC.member[i] as string, 'mb0');
  execFileSync('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
}

export interface Verdict {
  retval: number;
  frame: Buffer;
}

export interface TestListener {
  vip: string;
  port: number;
  flags?: number;
  proto?: number;
  algorithm?: number;
  limit?: number;
  toaKind?: number;
  members: { address: string; port: number; weight?: number }[];
  order?: number[];
}

/** A loaded data plane with a configuration written straight into its maps. */
export class TestGateway {
  readonly filter = new AddressFilter();
  /** Listeners that share a member's address and port share its SNAT ports. */
  readonly #dests = new Map<string, number>();
  #members = 0;
  #schedule = 0;
  #listeners = 0;

  private constructor(readonly dataplane: Dataplane) {}

  static async open(sizes: Partial<Sizes> = {}, objectPath?: string): Promise<TestGateway> {
    const dataplane = await Dataplane.open({
      sizes: { ...DEFAULT_SIZES, ...sizes },
      pinPath: null,
      ...(objectPath ? { objectPath } : {}),
    });
    const gateway = new TestGateway(dataplane);
    for (const name of ['cl0', 'mb0']) dataplane.attach(name, 'native');
    dataplane.setHairpinRedirect(false); // as on a network card
    gateway.snat([SNAT]);
    return gateway;
  }

  snat(addresses: string[]): void {
    const { maps } = this.dataplane;
    let mask = 0n;
    addresses.forEach((address, i) => {
      maps.snatAddrs.set(i, { addr: addressToBytes(address) });
      this.filter.change(addressToBytes(address), abi.addr_class.ADDR_OURS, 1);
      mask |= 1n << BigInt(i);
    });
    maps.snatSets.set(0, { mask4: [mask, 0n, 0n, 0n] });
    maps.addrFilters.update(index(0), this.filter.encode());
  }

  #destOf(endpoint: string): number {
    const known = this.#dests.get(endpoint);
    if (known !== undefined) return known;
    this.#dests.set(endpoint, this.#dests.size);
    return this.#dests.size - 1;
  }

  /** Adds a listener with its own pool; returns its id. */
  listen(listener: TestListener): number {
    const { maps } = this.dataplane;
    const id = this.#listeners++;
    const first = this.#members;
    for (const member of listener.members) {
      const memberId = this.#members++;
      maps.members.set(memberId, {
        addr: addressToBytes(member.address),
        port: member.port,
        family: 4,
        proto: listener.proto ?? 6,
        flags: abi.member_flag.MEMBER_UP,
        dest: this.#destOf(`${listener.proto ?? 6} ${member.address}:${member.port}`),
        weight: member.weight ?? 1,
        pool: id,
      });
    }
    const order = listener.order ?? listener.members.map((_, i) => i);
    for (const [i, member] of order.entries())
      maps.schedule.update(index(this.#schedule + i), index(first + member));
    maps.pools.set(
      id,
      { schedule: this.#schedule, schedule_len: order.length, algorithm: listener.algorithm ?? 0 },
      4,
    );
    this.#schedule += order.length;
    maps.listeners.set(id, {
      pool: id,
      flags: listener.flags ?? abi.listener_flag.LISTENER_UP | abi.listener_flag.LISTENER_TOA,
      idle_timeout: 300,
      connection_limit: listener.limit ?? -1,
      toa_kind: listener.toaKind ?? 254,
    });
    const vip = addressToBytes(listener.vip);
    maps.vips.update(
      encode(abi.vip_key, { addr: vip, port: listener.port, proto: listener.proto ?? 6 }),
      index(id),
    );
    this.filter.change(vip, abi.addr_class.ADDR_OURS, 1);
    maps.addrFilters.update(index(0), this.filter.encode());
    return id;
  }

  /** Runs one frame through the entry program as if it came in by `device`. */
  run(frame: Buffer, device: 'cl0' | 'mb0'): Verdict {
    const ctx = Buffer.alloc(24);
    ctx.writeUInt32LE(frame.length, 4);
    ctx.writeUInt32LE(addon.ifindex(device), 12);
    const result = this.dataplane
      .program('gateway')
      .testRun({ data: frame, ctx, dataOutSize: frame.length + 128 });
    return { retval: result.retval, frame: result.data };
  }

  /** Same, for frames that must leave as a TCP packet. */
  forward(frame: Buffer, device: 'cl0' | 'mb0'): Ipv4Tcp {
    const { retval, frame: out } = this.run(frame, device);
    if (retval !== XDP_REDIRECT)
      throw new Error(`not forwarded: verdict ${retval}, drops ${JSON.stringify(this.drops())}`);
    return parseTcp4(out);
  }

  /** Counters that are not zero, by name. */
  drops(): Record<string, number> {
    const counts: Record<string, number> = {};
    abi.dropReasons.forEach(({ name }, i) => {
      const total = sumPerCpu(
        { size: 8, fields: { n: { offset: 0, kind: 'u64' } } },
        this.dataplane.maps.drops.lookup(index(i)) as Buffer,
      );
      if (total.n) counts[name] = total.n;
    });
    return counts;
  }

  close(): void {
    for (const name of ['cl0', 'mb0']) this.dataplane.detach(name);
    this.dataplane.close();
  }
}
