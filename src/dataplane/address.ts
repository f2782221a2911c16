// Addresses as the maps hold them: 16 bytes, IPv4 as ::ffff:a.b.c.d.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export function addressFamily(address: string): 4 | 6 {
  return ipaddr.parse(address).kind() === 'ipv4' ? 4 : 6;
}

/** Throws for anything that is not an address. */
export function addressToBytes(address: string): Uint8Array {
  // ipaddr.js would take "192.0.2" for 192.0.0.2, as inet_aton() does.
  if (isIP(address) === 0) throw new TypeError(`expected an IP address, got "${address}"`);
  const parsed = ipaddr.process(address);
  const bytes = parsed.kind() === 'ipv4' ? (parsed as ipaddr.IPv4).toIPv4MappedAddress() : parsed;
  return Uint8Array.from(bytes.toByteArray());
}

export function bytesToAddress(bytes: Uint8Array): string {
  return ipaddr.process(ipaddr.fromByteArray([...bytes]).toString()).toString();
}

/** Dotted quad from the host-order number that a __be32 field decodes to. */
export function ipv4ToString(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

export function ipv4ToNumber(address: string): number {
  return Buffer.from(ipaddr.IPv4.parse(address).toByteArray()).readUInt32BE();
}
