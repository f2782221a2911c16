// A reader for classic pcap files of Ethernet frames, as far as the lab needs it.

export interface Packet {
  /** Seconds since 1970. */
  time: number;
  frame: Buffer;
  destinationMac: string;
  sourceMac: string;
  family: 4 | 6;
  source: string;
  destination: string;
  tcp: TcpSegment | null;
}

export interface TcpSegment {
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgment: number;
  /** As tcpdump writes them: S, S., ., P., F., R. */
  flags: string;
  options: TcpOption[];
  payloadLength: number;
}

export interface TcpOption {
  kind: number;
  /** The whole option, kind and length bytes included. */
  bytes: Buffer;
}

function mac(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(
    ':',
  );
  const runs = [...`:${words}:`.matchAll(/(?::0)+(?=:)/g)].map((match) => match[0]);
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), ':0');
  if (longest === ':0') return words;
  return `:${words}:`
    .replace(`${longest}:`, '::')
    .replace(/^:(?!:)/, '')
    .replace(/([^:]):$/, '$1');
}

function parseOptions(bytes: Buffer): TcpOption[] {
  const options: TcpOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] ?? 0;
    if (kind === 0) break;
    const length = kind === 1 ? 1 : (bytes[at + 1] ?? 0);
    if (kind !== 1 && length < 2) break;
    options.push({ kind, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return options;
}

function parseTcp(segment: Buffer): TcpSegment | null {
  if (segment.length < 20) return null;
  const offset = (segment.readUInt8(12) >> 4) * 4;
  const bits = segment.readUInt8(13);
  const letters = (['F', 'S', 'R', 'P'] as const).filter((_, bit) => bits & (1 << bit));
  return {
    sourcePort: segment.readUInt16BE(0),
    destinationPort: segment.readUInt16BE(2),
    sequence: segment.readUInt32BE(4),
    acknowledgment: segment.readUInt32BE(8),
    flags: letters.join('') + (bits & 16 ? '.' : ''),
    options: parseOptions(segment.subarray(20, offset)),
    payloadLength: segment.length - offset,
  };
}

function parseFrame(time: number, frame: Buffer): Packet | null {
  if (frame.length < 34) return null;
  const head = {
    time,
    frame,
    destinationMac: mac(frame.subarray(0, 6)),
    sourceMac: mac(frame.subarray(6, 12)),
  };
  const type = frame.readUInt16BE(12);
  const ip = frame.subarray(14);
  if (type === 0x0800) {
    const body = ip.subarray((ip.readUInt8(0) & 15) * 4, ip.readUInt16BE(2));
    return {
      ...head,
      family: 4,
      source: formatAddress(ip.subarray(12, 16)),
      destination: formatAddress(ip.subarray(16, 20)),
      tcp: ip.readUInt8(9) === 6 ? parseTcp(body) : null,
    };
  }
  if (type !== 0x86dd || ip.length < 40) return null;
  return {
    ...head,
    family: 6,
    source: formatAddress(ip.subarray(8, 24)),
    destination: formatAddress(ip.subarray(24, 40)),
    tcp: ip.readUInt8(6) === 6 ? parseTcp(ip.subarray(40, 40 + ip.readUInt16BE(4))) : null,
  };
}

/** Every IPv4 and IPv6 frame of the file; a record still being written is left out. */
export function readPcap(file: Buffer): Packet[] {
  if (file.length < 24) return [];
  const magic = file.readUInt32LE(0);
  if (magic !== 0xa1b2c3d4)
    throw new Error(`not a little-endian pcap file: magic ${magic.toString(16)}`);
  const linkType = file.readUInt32LE(20);
  if (linkType !== 1) throw new Error(`expected link type 1 (Ethernet), got ${linkType}`);
  const packets: Packet[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    if (at + 16 + length > file.length) break;
    const time = file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1e6;
    const packet = parseFrame(time, file.subarray(at + 16, at + 16 + length));
    if (packet !== null) packets.push(packet);
    at += 16 + length;
  }
  return packets;
}

export interface Toa {
  kind: number;
  length: number;
  port: number;
  address: string;
  hex: string;
}

/** The client address option of SPEC section 4, wherever it stands in the list. */
export function findToa(segment: TcpSegment, kind = 254): Toa | null {
  const option = segment.options.find(
    ({ kind: each, bytes }) => each === kind && (bytes.length === 8 || bytes.length === 20),
  );
  if (option === undefined) return null;
  return {
    kind,
    length: option.bytes.length,
    port: option.bytes.readUInt16BE(2),
    address: formatAddress(option.bytes.subarray(4)),
    hex: option.bytes.toString('hex').replace(/..(?=.)/g, '$& '),
  };
}
