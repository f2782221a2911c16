// The programs under test and the references, loaded side by side in a network
// namespace of their own.
import { join } from 'node:path';
import * as abi from '../../../src/dataplane/abi.js';
import { ipv4ToNumber } from '../../../src/dataplane/address.js';
import { encode, index } from '../../../src/dataplane/codec.js';
import { addon } from '../../../src/native/index.js';
import type { BpfObject, ProgramInfo } from '../../../src/native/types.js';
import { TIMESTAMP } from '../../packet/support/connection.js';
import {
  CLIENT,
  MAC,
  MEMBERS,
  makeNetwork,
  SNAT,
  TestGateway,
  VIP,
} from '../../packet/support/gateway.js';
import { mac, tcp4 } from '../../packet/support/packet.js';

const BENCH_OBJECT = join(import.meta.dirname, '../../../bpf/bench.bpf.o');
const FRAME_MAX = 128;
const REPEAT = 200_000;
const FAST = 0;

export interface Row {
  name: string;
  ns: number;
  ofHot: number;
  ofCold: number;
}

interface Path {
  name: string;
  program: number;
  frame: Buffer;
  flows: number;
  /** Flags of the flow entries while this path is measured. */
  flags: number;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}

export class Bench {
  private constructor(
    readonly gateway: TestGateway,
    readonly object: BpfObject,
    readonly flows: number,
  ) {}

  /** flows: a power of two, up to 2^22. */
  static async open(flows: number): Promise<Bench> {
    if (!Number.isInteger(Math.log2(flows)) || flows > 1 << 22)
      throw new RangeError(`expected a power of two up to 4194304 for --flows, got ${flows}`);
    makeNetwork();
    const gateway = await TestGateway.open({ connections: flows });
    gateway.listen({ vip: VIP, port: 80, members: [{ address: MEMBERS[0], port: 8080 }] });
    const object = addon.openObject(BENCH_OBJECT);
    object.setMaxEntries('reference', flows * 2);
    await object.load();
    object.map('seeds').update(index(0), Buffer.from('9e3779b97f4a7c15', 'hex'));
    const bench = new Bench(gateway, object, flows);
    await bench.#fill(FAST);
    return bench;
  }

  /** Client-side keys exactly as `restore` draws them. */
  #keys(): Buffer {
    const keys = Buffer.alloc(this.flows * 16);
    const one = encode(abi.flow4_key, {
      saddr: ipv4ToNumber(CLIENT),
      daddr: ipv4ToNumber(VIP),
      dport: 80,
      proto: 6,
    });
    for (let flow = 0; flow < this.flows; flow++) {
      one.copy(keys, flow * 16);
      keys[flow * 16 + 3] = ((one[3] as number) + (flow >> 16)) & 255;
      keys.writeUInt16LE(flow & 0xffff, flow * 16 + 8);
    }
    return keys;
  }

  async #fill(flags: number): Promise<void> {
    const value = encode(abi.flow4, {
      saddr: ipv4ToNumber(SNAT),
      daddr: ipv4ToNumber(MEMBERS[0]),
      sport: 2000,
      dport: 8080,
      dmac: mac(MAC.member[0]),
      smac: mac(MAC.memberSide),
      ifindex: addon.ifindex('mb0'),
      state: abi.flow_state.STATE_ESTABLISHED,
      flags: abi.flow_flag.FLOW_CLIENT | flags,
    });
    const keys = this.#keys();
    const values = Buffer.alloc(this.flows * value.length);
    for (let at = 0; at < values.length; at += value.length) value.copy(values, at);
    await this.gateway.dataplane.maps.flows4.raw.updateMany(keys, values);
    await this.object.map('reference').updateMany(keys, values);
    // The slow path follows both directions: all clients share one answer entry.
    await this.gateway.dataplane.maps.flows4.raw.updateMany(
      encode(abi.flow4_key, {
        saddr: ipv4ToNumber(MEMBERS[0]),
        daddr: ipv4ToNumber(SNAT),
        sport: 8080,
        dport: 2000,
        proto: 6,
      }),
      encode(abi.flow4, { state: abi.flow_state.STATE_ESTABLISHED, flags }),
    );
  }

  #setOneFlow(flags: number): void {
    const { flows4 } = this.gateway.dataplane.maps;
    const key = this.#keys().subarray(0, 16);
    const value = flows4.raw.lookup(Buffer.from(key)) as Buffer;
    value[abi.flow4.fields.flags.offset] = abi.flow_flag.FLOW_CLIENT | flags;
    flows4.raw.update(Buffer.from(key), value);
  }

  #paths(): Path[] {
    const frame = tcp4({
      smac: MAC.client,
      dmac: MAC.clientSide,
      src: CLIENT,
      dst: VIP,
      dport: 80,
      options: TIMESTAMP,
    });
    const foreign = tcp4({ src: CLIENT, dst: '192.0.2.1', dport: 22, options: TIMESTAMP });
    const { object } = this;
    const gateway = this.gateway.dataplane.program('gateway').fd;
    const lookup = object.program('lookup').fd;
    const empty = object.program('empty').fd;
    const path = (
      name: string,
      program: number,
      from: Buffer,
      flows: number,
      flags = FAST,
    ): Path => ({
      name,
      program,
      frame: from,
      flows,
      flags,
    });
    return [
      path('empty XDP_TX', empty, frame, 1),
      path('empty XDP_TX, random flows', empty, frame, this.flows),
      path('hash look-up (H)', lookup, frame, 1),
      path(`hash look-up, ${this.flows} random keys (C)`, lookup, frame, this.flows),
      path('not ours', gateway, foreign, 1),
      path('established, 1 flow', gateway, frame, 1),
      path(`established, ${this.flows} random flows`, gateway, frame, this.flows),
      path(
        'with the client address, 1 flow',
        gateway,
        frame,
        1,
        abi.flow_flag.FLOW_SLOW | abi.flow_flag.FLOW_TOA,
      ),
    ];
  }

  /** Nanoseconds of one run, the wrapper included. */
  #time(path: Path): number {
    const template = Buffer.alloc(FRAME_MAX + 8);
    path.frame.copy(template);
    template.writeUInt32LE(path.frame.length, FRAME_MAX);
    template.writeUInt32LE(path.flows, FRAME_MAX + 4);
    this.object.map('templates').update(index(0), template);
    this.object.map('target').update(index(0), index(path.program));
    this.#setOneFlow(path.flags);
    this.gateway.dataplane.heartbeat();
    const ctx = Buffer.alloc(24);
    ctx.writeUInt32LE(path.frame.length, 4);
    ctx.writeUInt32LE(addon.ifindex('cl0'), 12);
    const { retval, duration } = this.object
      .program('restore')
      .testRun({ data: path.frame, ctx, repeat: REPEAT });
    if (retval === 0) throw new Error(`${path.name}: the wrapper did not reach the program`);
    return duration;
  }

  /** Rounds of all paths in turn, so that a slow moment hits them alike. */
  measure(rounds: number): Row[] {
    const paths = this.#paths();
    const times = paths.map((): number[] => []);
    for (let round = 0; round < rounds; round++)
      for (const [i, path] of paths.entries()) (times[i] as number[]).push(this.#time(path));
    const raw = times.map(median);
    const wrapper = (path: Path): number => raw[path.flows === 1 ? 0 : 1] as number;
    const net = paths.map((path, i) =>
      i < 2 ? (raw[i] as number) : (raw[i] as number) - wrapper(path),
    );
    const [, , hot, cold] = net as [number, number, number, number];
    return paths.map(({ name }, i) => ({
      name,
      ns: net[i] as number,
      ofHot: (net[i] as number) / hot,
      ofCold: (net[i] as number) / cold,
    }));
  }

  /** What the verifier and the JIT made of each program. */
  programs(): Pick<ProgramInfo, 'name' | 'verifiedInsns' | 'jitedSize' | 'xlatedSize'>[] {
    const { object } = this.gateway.dataplane;
    return object.programNames().map((name) => {
      const { verifiedInsns, jitedSize, xlatedSize } = object.program(name).info;
      return { name, verifiedInsns, jitedSize, xlatedSize };
    });
  }

  close(): void {
    this.gateway.close();
    this.object.close();
  }
}
