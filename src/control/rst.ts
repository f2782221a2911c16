// RST segments that both ends of a connection accept: the sequence number is
// the one the receiver acknowledged last (RFC 5961 section 3.2).

import ipaddr from 'ipaddr.js';
import type { Connection, Endpoint } from './dataplane-port.js';
import { familyOf } from './names.js';

const IPPROTO_TCP = 6;
const TCP_LENGTH = 20;
const HOP_LIMIT = 64;
const RST_ACK = 0x14;

/** One for each end that has acknowledged anything. */
export function resetBothEnds(connection: Connection): Buffer[] {
  const { client, vip, snat, member, ackIn, ackOut, proto } = connection;
  if (proto !== IPPROTO_TCP) return [];
  const packets: Buffer[] = [];
  if (ackIn !== 0) packets.push(rstPacket(vip, client, ackIn, ackOut));
  if (ackOut !== 0) packets.push(rstPacket(snat, member, ackOut, ackIn));
  return packets;
}

/** A whole IP packet, checksums included. */
export function rstPacket(from: Endpoint, to: Endpoint, sequence: number, ack: number): Buffer {
  const source = Buffer.from(ipaddr.parse(from.addr).toByteArray());
  const destination = Buffer.from(ipaddr.parse(to.addr).toByteArray());
  const tcp = Buffer.alloc(TCP_LENGTH);
  tcp.writeUInt16BE(from.port, 0);
  tcp.writeUInt16BE(to.port, 2);
  tcp.writeUInt32BE(sequence >>> 0, 4);
  tcp.writeUInt32BE(ack >>> 0, 8);
  tcp[12] = (TCP_LENGTH / 4) << 4;
  tcp[13] = RST_ACK;
  const pseudo = Buffer.concat([source, destination, Buffer.from([0, IPPROTO_TCP, 0, TCP_LENGTH])]);
  tcp.writeUInt16BE(checksum(Buffer.concat([pseudo, tcp])), 16);
  const header =
    familyOf(from.addr) === 4 ? header4(source, destination) : header6(source, destination);
  return Buffer.concat([header, tcp]);
}

function header4(source: Buffer, destination: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(header.length + TCP_LENGTH, 2);
  header.writeUInt16BE(0x4000, 6); // don't fragment
  header[8] = HOP_LIMIT;
  header[9] = IPPROTO_TCP;
  source.copy(header, 12);
  destination.copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function header6(source: Buffer, destination: Buffer): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(TCP_LENGTH, 4);
  header[6] = IPPROTO_TCP;
  header[7] = HOP_LIMIT;
  source.copy(header, 8);
  destination.copy(header, 24);
  return header;
}

/** RFC 1071. */
export function checksum(data: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < data.length; at += 2) sum += data.readUInt16BE(at);
  if (data.length % 2 === 1) sum += (data[data.length - 1] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
