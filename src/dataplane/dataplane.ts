// The loaded data plane: programs, maps, where they are pinned and attached.
// Everything pinned goes on without this process; the next one takes it over.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { addon } from '../native/index.js';
import type { BpfObject, BpfProgram, XdpLink } from '../native/types.js';
import { ABI_VERSION, expire_entry, expire_request, limits } from './abi.js';
import { encode, type StructOf } from './codec.js';
import { isVeth } from './device.js';
import { type Maps, mapSizes, PINNED, type Sizes, typedMaps } from './maps.js';

const XDP_FLAGS = { auto: [4, 2], native: [4], generic: [2] } as const;
const PROGRAMS = ['gateway', 'flow4_slow', 'new4', 'strip4', 'udp4', 'expire', 'clock'] as const;

export const DEFAULT_OBJECT = join(
  dirname(fileURLToPath(import.meta.url)),
  '../../bpf/gateway.bpf.o',
);

export interface DataplaneOptions {
  sizes: Sizes;
  /** Directory below a bpffs; null: nothing outlives this process. */
  pinPath: string | null;
  objectPath?: string;
}

export interface AttachResult {
  mode: 'native' | 'generic' | 'taken over';
}

export class Dataplane {
  readonly maps: Maps;
  readonly #links = new Map<string, XdpLink>();
  readonly #programs: Map<string, BpfProgram>;

  private constructor(
    readonly object: BpfObject,
    readonly pinPath: string | null,
  ) {
    this.maps = typedMaps((name) => object.map(name));
    this.#programs = new Map(PROGRAMS.map((name) => [name, object.program(name)]));
  }

  /** Loads the programs, over pinned maps where there are any. Attaches nothing. */
  static async open(options: DataplaneOptions): Promise<Dataplane> {
    const { pinPath } = options;
    if (pinPath) preparePins(pinPath);
    const object = await loadObject(options);
    const dataplane = new Dataplane(object, pinPath);
    await dataplane.#initGlobals();
    if (pinPath) dataplane.#pinMaps(pinPath);
    return dataplane;
  }

  program(name: (typeof PROGRAMS)[number]): BpfProgram {
    return this.#programs.get(name) as BpfProgram;
  }

  /** Attaches to an interface, or swaps the program on one that a former process attached. */
  attach(interfaceName: string, mode: keyof typeof XDP_FLAGS): AttachResult {
    const pin = this.pinPath && join(this.pinPath, 'links', interfaceName);
    const ifindex = addon.ifindex(interfaceName);
    if (isVeth(interfaceName)) this.setHairpinRedirect(true);
    if (pin && existsSync(pin)) {
      const link = addon.openPinnedLink(pin);
      if (link.info.ifindex === ifindex) {
        link.update(this.program('gateway'));
        this.#links.set(interfaceName, link);
        return { mode: 'taken over' };
      }
      link.close(); // of an interface that is gone
      rmSync(pin);
    }
    return this.#attachNew(interfaceName, ifindex, mode, pin);
  }

  #attachNew(
    name: string,
    ifindex: number,
    mode: keyof typeof XDP_FLAGS,
    pin: string | null,
  ): AttachResult {
    let failure: unknown;
    for (const flags of XDP_FLAGS[mode]) {
      try {
        const link = addon.attachXdp(this.program('gateway'), ifindex, flags);
        if (pin) link.pin(pin);
        this.#links.set(name, link);
        return { mode: flags === 2 ? 'generic' : 'native' };
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** Whether packets leave by the interface they came from by XDP_REDIRECT instead of XDP_TX. */
  setHairpinRedirect(on: boolean): void {
    this.maps.globals.set(0, { ...this.maps.globals.get(0), hairpin_redirect: on ? 1 : 0 });
  }

  /** After every interface runs the new programs: the former ones may go. */
  commit(): void {
    if (!this.pinPath) return;
    renameSync(join(this.pinPath, 'progs_new'), join(this.pinPath, 'progs'));
  }

  /** Interfaces that a former process left attached and this one has not taken over. */
  leftAttached(): string[] {
    if (!this.pinPath) return [];
    return readdirSync(join(this.pinPath, 'links')).filter((name) => !this.#links.has(name));
  }

  detach(interfaceName: string): void {
    const pin = this.pinPath && join(this.pinPath, 'links', interfaceName);
    const link =
      this.#links.get(interfaceName) ??
      (pin && existsSync(pin) ? addon.openPinnedLink(pin) : undefined);
    link?.detach();
    this.#links.delete(interfaceName);
    if (pin) rmSync(pin, { force: true });
  }

  /** Tells the programs that the daemon lives. Returns the low 32 bits of jiffies. */
  heartbeat(): number {
    return this.program('clock').testRun({ data: Buffer.alloc(64) }).retval;
  }

  get hz(): number {
    return this.maps.globals.get(0).hz;
  }

  bumpFibGeneration(): void {
    const globals = this.maps.globals.get(0);
    this.maps.globals.set(0, { ...globals, fib_gen: (globals.fib_gen + 1) & 0x7fff });
  }

  /** Ends connections; returns how many. reason: end_reason. */
  expire(entries: Partial<StructOf<typeof expire_entry>>[], reason: number): number {
    let ended = 0;
    for (let at = 0; at < entries.length; at += limits.EXPIRE_BATCH) {
      const batch = entries.slice(at, at + limits.EXPIRE_BATCH);
      const request = encode(expire_request, { count: batch.length, reason });
      const data = Buffer.concat([request, ...batch.map((entry) => encode(expire_entry, entry))]);
      ended += this.program('expire').testRun({ data }).retval;
    }
    return ended;
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.object.close();
  }

  async #initGlobals(): Promise<void> {
    const globals = this.maps.globals.get(0);
    if (globals.abi_version !== 0 && globals.abi_version !== ABI_VERSION)
      throw new Error(
        `the maps pinned at ${this.pinPath} have layout ${globals.abi_version}, this build needs ${ABI_VERSION}: ` +
          `stop clearnat and remove them (rm -r ${this.pinPath}; ends connections)`,
      );
    if (globals.hz !== 0) return;
    const hz = await this.#measureHz();
    this.maps.globals.set(0, {
      ...globals,
      abi_version: ABI_VERSION,
      hz,
      heartbeat: this.heartbeat(),
    });
  }

  /** The kernel does not tell user space its tick rate: count ticks. */
  async #measureHz(): Promise<number> {
    const began = process.hrtime.bigint();
    const from = this.heartbeat();
    await sleep(120);
    const ticks = (this.heartbeat() - from) >>> 0;
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    const rates = [100, 250, 300, 1000];
    return rates.reduce((a, b) =>
      Math.abs(b - ticks / seconds) < Math.abs(a - ticks / seconds) ? b : a,
    );
  }

  #pinMaps(pinPath: string): void {
    for (const name of PINNED) {
      const path = join(pinPath, 'maps', name);
      if (!existsSync(path)) this.object.map(name).pin(path);
    }
    // A program array is emptied when nobody but programs holds it.
    rmSync(join(pinPath, 'progs_new'), { force: true });
    this.object.map('progs').pin(join(pinPath, 'progs_new'));
  }
}

function preparePins(pinPath: string): void {
  const top = dirname(pinPath);
  mkdirSync(top, { recursive: true });
  addon.ensureBpffs(top);
  for (const directory of ['maps', 'links'])
    mkdirSync(join(pinPath, directory), { recursive: true });
}

async function loadObject(options: DataplaneOptions): Promise<BpfObject> {
  const object = addon.openObject(options.objectPath ?? DEFAULT_OBJECT);
  try {
    for (const [name, size] of Object.entries(mapSizes(options.sizes)))
      object.setMaxEntries(name, size);
    if (options.pinPath) {
      for (const name of readdirSync(join(options.pinPath, 'maps')))
        object.reuseMap(name, addon.openPinnedMap(join(options.pinPath, 'maps', name)));
    }
    await object.load();
    return object;
  } catch (error) {
    object.close();
    throw error;
  }
}
