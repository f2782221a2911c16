// The addon's surface. native/binding.cc implements it; nothing else in src/
// talks to the kernel about BPF or netlink. All handles close themselves when
// collected and when the environment ends; close() is for doing it earlier.
//
// Calls that return a Promise run on a worker thread. The others are a single
// short system call. Errors are NativeError: code (ENOENT, ...), errno,
// syscall, and for load() verifierLog.

export interface NativeErrorFields {
  code: string;
  errno: number;
  syscall: string;
  verifierLog?: string;
}

export interface BpfObject {
  /** Overwrites bytes of .rodata before load(). */
  setRodata(offset: number, data: Buffer): void;
  setMaxEntries(map: string, entries: number): void;
  setMapFlags(map: string, flags: number): void;
  /** Uses an existing map instead of creating one; before load(). It keeps its own name afterwards. */
  reuseMap(name: string, map: BpfMap): void;
  setAutoload(program: string, load: boolean): void;
  /** Extra BPF_F_* load flags, e.g. BPF_F_XDP_HAS_FRAGS (32); before load(). */
  setProgramFlags(program: string, flags: number): void;
  load(): Promise<void>;
  mapNames(): string[];
  programNames(): string[];
  map(name: string): BpfMap;
  program(name: string): BpfProgram;
  close(): void;
}

export interface MapInfo {
  id: number;
  name: string;
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
}

export interface BatchResult {
  /** Entries returned. */
  count: number;
  /** count keys, back to back. */
  keys: Buffer;
  /** count values, back to back. */
  values: Buffer;
}

export interface BpfMap {
  readonly info: MapInfo;
  /** Bytes per value as the syscall sees it: per-CPU maps hold one 8-byte-rounded value per possible CPU. */
  readonly ioValueSize: number;
  lookup(key: Buffer): Buffer | null;
  update(key: Buffer, value: Buffer, flags?: number): void;
  /** False when the key was not there. */
  delete(key: Buffer): boolean;
  /** Whole map (batch look-ups where the kernel and map type have them). */
  entries(): Promise<BatchResult>;
  /** Many updates in one worker call (batch where the kernel has it); keys and values back to back. */
  updateMany(keys: Buffer, values: Buffer, flags?: number): Promise<void>;
  deleteMany(keys: Buffer): Promise<number>;
  pin(path: string): void;
  close(): void;
}

export interface TestRunOptions {
  data: Buffer;
  /** Room for the packet that comes out; default data.length + 256. */
  dataOutSize?: number;
  /** struct xdp_md (24 bytes) to run with, e.g. for ingress_ifindex. */
  ctx?: Buffer;
  repeat?: number;
}

export interface TestRunResult {
  retval: number;
  data: Buffer;
  /** Average nanoseconds of one run, as the kernel measured. */
  duration: number;
}

export interface ProgramInfo {
  id: number;
  name: string;
  type: number;
  tag: string;
  jitedSize: number;
  xlatedSize: number;
  verifiedInsns: number;
  loadTime: number;
}

export interface BpfProgram {
  readonly fd: number;
  readonly info: ProgramInfo;
  testRun(options: TestRunOptions): TestRunResult;
  testRunAsync(options: TestRunOptions): Promise<TestRunResult>;
  pin(path: string): void;
  close(): void;
}

export interface XdpLinkInfo {
  id: number;
  programId: number;
  /** 0 when the interface is gone. */
  ifindex: number;
}

export interface XdpLink {
  readonly info: XdpLinkInfo;
  /** Swaps the program atomically. */
  update(program: BpfProgram): void;
  pin(path: string): void;
  /** Detaches even while pinned. */
  detach(): void;
  close(): void;
}

export interface RingBuffer {
  close(): void;
}

export type NetlinkEvent = {
  kind: 'link' | 'address' | 'neighbour' | 'route';
  action: 'new' | 'delete';
  ifindex: number;
  /** Link name, or the address / neighbour / route destination as text. */
  subject: string;
  /** Neighbours: link-layer address or null. */
  lladdr: string | null;
  /** Neighbours: NUD_* state. */
  state: number;
};

export interface NetlinkMonitor {
  close(): void;
}

export interface PingReply {
  /** Round trip in microseconds. */
  rtt: number;
}

export interface Addon {
  libbpfVersion(): string;
  /** Possible CPUs, the number of values in a per-CPU map entry. */
  possibleCpus(): number;
  openObject(path: string): BpfObject;
  openPinnedMap(path: string): BpfMap;
  openPinnedProgram(path: string): BpfProgram;
  openPinnedLink(path: string): XdpLink;
  /** A map made without an object, e.g. for benchmarks. */
  createMap(
    type: number,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    flags: number,
  ): BpfMap;
  /** mode: XDP_FLAGS_* (0 = kernel's choice, 2 = generic, 4 = native). */
  attachXdp(program: BpfProgram, ifindex: number, mode: number): XdpLink;
  /** Program id attached to an interface by anyone, or 0. */
  xdpProgramId(ifindex: number): number;
  ringBuffer(map: BpfMap, onEvent: (record: Buffer) => void): RingBuffer;
  /** Mounts bpffs at path when it is not one already; true when it mounted. */
  ensureBpffs(path: string): boolean;
  ifindex(name: string): number;
  ifname(index: number): string;
  /** Kernel events for links, addresses, neighbours and routes; overflow is reported by onOverflow. */
  netlinkMonitor(
    onEvents: (events: NetlinkEvent[]) => void,
    onOverflow: () => void,
  ): NetlinkMonitor;
  /** Asks the kernel to resolve (or re-confirm) a neighbour. */
  neighbourUse(ifindex: number, address: string): void;
  addressAdd(ifindex: number, address: string, prefixLength: number): void;
  addressDelete(ifindex: number, address: string, prefixLength: number): void;
  /** Next hop the kernel would use towards address: interface, source address and gateway. */
  routeGet(address: string): { ifindex: number; source: string | null; gateway: string | null };
  /** One ICMP echo over a ping socket; rejects with code ETIMEDOUT, EHOSTUNREACH, ... */
  ping(address: string, timeoutMs: number): Promise<PingReply>;
  /** Connects, then closes with RST (SO_LINGER 0). Resolves with microseconds taken. */
  tcpProbe(address: string, port: number, timeoutMs: number): Promise<number>;
  /** Sends whole IPv4/IPv6 packets (header included) by a raw socket. Returns how many were sent. */
  sendRaw(packets: Buffer[]): number;
}
