// Packets as bytes: built from fields, taken apart, checksummed. Written for the
// tests from the RFCs; shares no code with the data plane.

export const ETHERNET = 14;

export interface Ipv4 {
  smac: string;
  dmac: string;
  src: string;
  dst: string;
  sport: number;
  dport: number;
  ttl: number;
  tos: number;
  id: number;
  df: boolean;
  ipOptions: Buffer;
  payload: Buffer;
}

export interface Ipv4Tcp extends Ipv4 {
  seq: number;
  ack: number;
  flags: number;
  window: number;
  urgent: number;
  options: Buffer;
}

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

const DEFAULTS: Ipv4Tcp = {
  smac: '02:00:00:00:00:01',
  dmac: '02:00:00:00:00:02',
  src: '0.0.0.0',
  dst: '0.0.0.0',
  sport: 0,
  dport: 0,
  ttl: 64,
  tos: 0,
  id: 0x1234,
  df: true,
  ipOptions: Buffer.alloc(0),
  seq: 1000,
  ack: 0,
  flags: ACK,
  window: 64240,
  urgent: 0,
  options: Buffer.alloc(0),
  payload: Buffer.alloc(0),
};

export function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

export function ipv4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

/** RFC 1071 over whole bytes; odd lengths are padded with zero. */
export function checksum(...parts: Buffer[]): number {
  const data = Buffer.concat(parts);
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += ((data[i] ?? 0) << 8) | (data[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function pseudoHeader(src: Buffer, dst: Buffer, proto: number, length: number): Buffer {
  return Buffer.concat([src, dst, Buffer.from([0, proto, length >> 8, length & 255])]);
}

function tcpHeader(p: Ipv4Tcp): Buffer {
  const header = Buffer.alloc(20 + p.options.length);
  header.writeUInt16BE(p.sport, 0);
  header.writeUInt16BE(p.dport, 2);
  header.writeUInt32BE(p.seq >>> 0, 4);
  header.writeUInt32BE(p.ack >>> 0, 8);
  header[12] = (header.length / 4) << 4;
  header[13] = p.flags;
  header.writeUInt16BE(p.window, 14);
  header.writeUInt16BE(p.urgent, 18);
  p.options.copy(header, 20);
  const pseudo = pseudoHeader(ipv4(p.src), ipv4(p.dst), 6, header.length + p.payload.length);
  header.writeUInt16BE(checksum(pseudo, header, p.payload), 16);
  return header;
}

function ipHeader(p: Ipv4, proto: number, length: number): Buffer {
  const ip = Buffer.alloc(20 + p.ipOptions.length);
  ip[0] = 0x40 | (ip.length / 4);
  ip[1] = p.tos;
  ip.writeUInt16BE(ip.length + length, 2);
  ip.writeUInt16BE(p.id, 4);
  ip.writeUInt16BE(p.df ? 0x4000 : 0, 6);
  ip[8] = p.ttl;
  ip[9] = proto;
  ipv4(p.src).copy(ip, 12);
  ipv4(p.dst).copy(ip, 16);
  p.ipOptions.copy(ip, 20);
  ip.writeUInt16BE(checksum(ip), 10);
  return ip;
}

function ethernet(p: Ipv4): Buffer {
  return Buffer.concat([mac(p.dmac), mac(p.smac), Buffer.from([8, 0])]);
}

/** A whole Ethernet frame with correct checksums. options must be padded to 4 bytes. */
export function tcp4(fields: Partial<Ipv4Tcp>): Buffer {
  const p = { ...DEFAULTS, ...fields };
  const tcp = tcpHeader(p);
  return Buffer.concat([
    ethernet(p),
    ipHeader(p, 6, tcp.length + p.payload.length),
    tcp,
    p.payload,
  ]);
}

/** Same for UDP; noChecksum leaves the field zero. */
export function udp4(fields: Partial<Ipv4> & { noChecksum?: boolean }): Buffer {
  const p = { ...DEFAULTS, ...fields };
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(p.sport, 0);
  udp.writeUInt16BE(p.dport, 2);
  udp.writeUInt16BE(8 + p.payload.length, 4);
  const pseudo = pseudoHeader(ipv4(p.src), ipv4(p.dst), 17, 8 + p.payload.length);
  if (!fields.noChecksum) udp.writeUInt16BE(checksum(pseudo, udp, p.payload) || 0xffff, 6);
  return Buffer.concat([ethernet(p), ipHeader(p, 17, 8 + p.payload.length), udp, p.payload]);
}

function macText(bytes: Buffer): string {
  return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(':');
}

/** Fields of a frame as tcp4() would take them. Throws when a checksum is wrong. */
export function parseTcp4(frame: Buffer): Ipv4Tcp {
  const ipLength = ((frame[ETHERNET] ?? 0) & 15) * 4;
  const total = frame.readUInt16BE(ETHERNET + 2);
  const ip = frame.subarray(ETHERNET, ETHERNET + ipLength);
  const tcp = frame.subarray(ETHERNET + ipLength, ETHERNET + total);
  if (checksum(ip) !== 0) throw new Error(`IP checksum is wrong in ${frame.toString('hex')}`);
  const pseudo = pseudoHeader(ip.subarray(12, 16), ip.subarray(16, 20), 6, tcp.length);
  if (checksum(pseudo, tcp) !== 0)
    throw new Error(`TCP checksum is wrong in ${frame.toString('hex')}`);
  const headerLength = ((tcp[12] ?? 0) >> 4) * 4;
  return {
    dmac: macText(frame.subarray(0, 6)),
    smac: macText(frame.subarray(6, 12)),
    src: [...ip.subarray(12, 16)].join('.'),
    dst: [...ip.subarray(16, 20)].join('.'),
    sport: tcp.readUInt16BE(0),
    dport: tcp.readUInt16BE(2),
    ttl: ip[8] ?? 0,
    tos: ip[1] ?? 0,
    id: ip.readUInt16BE(4),
    df: (ip.readUInt16BE(6) & 0x4000) !== 0,
    ipOptions: Buffer.from(ip.subarray(20)),
    seq: tcp.readUInt32BE(4),
    ack: tcp.readUInt32BE(8),
    flags: tcp[13] ?? 0,
    window: tcp.readUInt16BE(14),
    urgent: tcp.readUInt16BE(18),
    options: Buffer.from(tcp.subarray(20, headerLength)),
    payload: Buffer.from(tcp.subarray(headerLength)),
  };
}

/** The option SPEC section 4 describes, for an IPv4 client. */
export function toa4(kind: number, address: string, port: number): Buffer {
  return Buffer.concat([Buffer.from([kind, 8, port >> 8, port & 255]), ipv4(address)]);
}
