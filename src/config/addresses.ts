// Addresses and CIDRs as text: checked, canonical (RFC 5952), expanded.

import ipaddr from 'ipaddr.js';
import { endpoint } from '../endpoint.js';

export type Family = 4 | 6;
export type Checked<T> = { value: T } | { wrong: string };

/** Of canonical text. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)) {
    return ipaddr.IPv6.parse(text);
  }
  return null;
}

function canonical(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}

/** An address that a packet may come from or go to. */
export function checkAddress(text: string): Checked<string> {
  const address = parse(text);
  if (address === null) return { wrong: 'must be an IPv4 or IPv6 address' };
  const unusable = unusableKind(address);
  if (unusable !== null) return { wrong: unusable };
  return { value: canonical(address) };
}

function unusableKind(address: ipaddr.IPv4 | ipaddr.IPv6): string | null {
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()) {
    return `must be written as IPv4: ${address.toIPv4Address().toString()}`;
  }
  const range = address.range();
  if (range === 'unspecified') return 'must not be the unspecified address';
  if (range === 'multicast') return 'must not be a multicast address';
  if (range === 'broadcast') return 'must not be the broadcast address';
  if (range === 'loopback') return 'must not be a loopback address, which packets never reach';
  if (range === 'linkLocal' && address instanceof ipaddr.IPv6) {
    return 'must not be a link-local address';
  }
  return null;
}

/** `10.0.0.0/8`, `2001:db8::/32` or a single address; canonical, always with a prefix length. */
export function checkCidr(text: string): Checked<string> {
  const slash = text.indexOf('/');
  const address = parse(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return { wrong: 'must be an address or a CIDR' };
  const bits = address instanceof ipaddr.IPv6 ? 128 : 32;
  const suffix = slash < 0 ? String(bits) : text.slice(slash + 1);
  const length = Number(suffix);
  if (!/^(0|[1-9]\d{0,2})$/.test(suffix) || length > bits) {
    return { wrong: `must have a prefix length of 0 to ${bits}` };
  }
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()) {
    return { wrong: `must be written as IPv4: ${address.toIPv4Address().toString()}` };
  }
  const network = firstOf(address, length);
  if (canonical(network) !== canonical(address)) {
    return {
      wrong: `has bits set after the prefix; did you mean ${canonical(network)}/${length}?`,
    };
  }
  return { value: `${canonical(address)}/${length}` };
}

function firstOf(address: ipaddr.IPv4 | ipaddr.IPv6, length: number) {
  const bytes = address.toByteArray();
  for (let index = 0; index < bytes.length; index++) {
    const keep = Math.min(8, Math.max(0, length - index * 8));
    bytes[index] = (bytes[index] ?? 0) & (0xff << (8 - keep)) & 0xff;
  }
  return ipaddr.fromByteArray(bytes);
}

/** How many addresses a canonical CIDR has; Infinity beyond 2^31. */
export function cidrSize(cidr: string): number {
  const [address = '', length = ''] = cidr.split('/');
  const free = (familyOf(address) === 6 ? 128 : 32) - Number(length);
  return free > 31 ? Number.POSITIVE_INFINITY : 2 ** free;
}

/** Every address of a canonical CIDR, in order. The caller has looked at its size. */
export function expandCidr(cidr: string): string[] {
  const [first = ''] = cidr.split('/');
  const bytes = ipaddr.parse(first).toByteArray();
  const result: string[] = [];
  for (let left = cidrSize(cidr); left > 0; left--) {
    result.push(canonical(ipaddr.fromByteArray(bytes)));
    for (let index = bytes.length - 1; index >= 0; index--) {
      const next = ((bytes[index] ?? 0) + 1) & 0xff;
      bytes[index] = next;
      if (next !== 0) break;
    }
  }
  return result;
}

/** `address:port` as the schema's `listen` takes it; IPv6 in brackets. */
export function checkListen(text: string): Checked<string> {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const address = match === null ? null : parse(match[1] ?? match[2] ?? '');
  if (match === null || address === null)
    return { wrong: 'must be address:port, IPv6 in brackets' };
  const bracketed = address instanceof ipaddr.IPv6;
  if (bracketed !== (match[1] !== undefined)) {
    return { wrong: 'must be address:port, IPv6 in brackets' };
  }
  if (port < 1 || port > 65535) return { wrong: 'must have a port of 1 to 65535' };
  return { value: endpoint(canonical(address), port) };
}
