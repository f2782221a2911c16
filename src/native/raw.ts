// What native/build/Release/clearnat.node exports. Only src/native/ sees this:
// nothing here checks its arguments.
import type { NativeError } from './errors.js';
import type { BatchResult, NetlinkEvent, ProgramInfo, XdpLinkInfo } from './types.js';

export interface RawMapInfo {
  id: number;
  name: string;
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  ioValueSize: number;
}

export interface RawMap {
  fd(): number;
  info(): RawMapInfo;
  lookup(key: Uint8Array, out: Uint8Array): boolean;
  update(key: Uint8Array, value: Uint8Array, flags: number): void;
  delete(key: Uint8Array): boolean;
  entries(): Promise<BatchResult>;
  updateMany(keys: Uint8Array, values: Uint8Array, count: number, flags: number): Promise<void>;
  deleteMany(keys: Uint8Array, count: number): Promise<number>;
  pin(path: string): void;
  close(): void;
}

export interface RawRun {
  retval: number;
  size: number;
  duration: number;
}

export interface RawProgram {
  fd(): number;
  info(): ProgramInfo;
  testRun(data: Uint8Array, out: Uint8Array, ctx: Uint8Array | null, repeat: number): RawRun;
  testRunAsync(
    data: Uint8Array,
    out: Uint8Array,
    ctx: Uint8Array | null,
    repeat: number,
  ): Promise<RawRun>;
  pin(path: string): void;
  close(): void;
}

export interface RawLink {
  info(): XdpLinkInfo;
  update(programFd: number): void;
  pin(path: string): void;
  detach(): void;
  close(): void;
}

export interface RawObject {
  setRodata(offset: number, data: Uint8Array): void;
  setMaxEntries(map: string, entries: number): void;
  setMapFlags(map: string, flags: number): void;
  reuseMap(name: string, fd: number): void;
  setAutoload(program: string, load: boolean): void;
  setProgramFlags(program: string, flags: number): void;
  load(): Promise<void>;
  mapNames(): string[];
  programNames(): string[];
  map(name: string): RawMap;
  program(name: string): RawProgram;
  close(): void;
}

export type RawDone = (error: NativeError | null, micros: number) => void;

export interface RawWatch {
  close(): void;
}

export interface RawAddon {
  setErrorClass(errorClass: typeof NativeError): void;
  libbpfVersion(): string;
  possibleCpus(): number;
  openObject(path: string): RawObject;
  openPinnedMap(path: string): RawMap;
  openPinnedProgram(path: string): RawProgram;
  openPinnedLink(path: string): RawLink;
  createMap(
    type: number,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    flags: number,
  ): RawMap;
  attachXdp(programFd: number, ifindex: number, mode: number): RawLink;
  xdpProgramId(ifindex: number): number;
  ringBuffer(mapFd: number, onEvent: (record: Buffer) => void): RawWatch;
  ensureBpffs(path: string): boolean;
  ifindex(name: string): number;
  ifname(index: number): string;
  netlinkMonitor(onEvents: (events: NetlinkEvent[]) => void, onOverflow: () => void): RawWatch;
  neighbourUse(ifindex: number, address: string): void;
  addressAdd(ifindex: number, address: string, prefixLength: number): void;
  addressDelete(ifindex: number, address: string, prefixLength: number): void;
  routeGet(address: string): { ifindex: number; source: string | null; gateway: string | null };
  ping(address: string, timeoutMs: number, done: RawDone): void;
  tcpProbe(address: string, port: number, timeoutMs: number, done: RawDone): void;
  sendRaw(packets: Uint8Array[]): number;
}
