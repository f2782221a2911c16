// Which connections somebody asks for.

import ipaddr from 'ipaddr.js';
import { checkAddress, checkCidr } from '../config/addresses.js';
import { UsageError } from '../errors.js';
import type { Connection } from './schemas.js';

export const CONNECTION_STATES = [
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'UDP',
] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

export interface EndpointFilter {
  address: string;
  port: number | null;
}

/** Null: no restriction. */
export interface ConnectionFilter {
  /** Canonical CIDR. */
  client: string | null;
  vip: EndpointFilter | null;
  member: EndpointFilter | null;
  state: ConnectionState | null;
  limit: number;
}

export const DEFAULT_LIMIT = 1000;
export const MAX_LIMIT = 100_000;

export interface ConnectionQuery {
  client?: string;
  vip?: string;
  member?: string;
  state?: string;
  limit?: number;
}

/** Throws UsageError that quotes the bad value. */
export function parseFilter(query: ConnectionQuery): ConnectionFilter {
  const { client, vip, member, state, limit = DEFAULT_LIMIT } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new UsageError(`limit: must be an integer of 1 to ${MAX_LIMIT} (got ${limit})`);
  }
  return {
    client: client === undefined ? null : parseClient(client),
    vip: vip === undefined ? null : parseEndpoint('vip', vip),
    member: member === undefined ? null : parseEndpoint('member', member),
    state: state === undefined ? null : parseState(state),
    limit,
  };
}

function parseClient(text: string): string {
  const cidr = checkCidr(text);
  if ('wrong' in cidr) throw new UsageError(`client: ${cidr.wrong} (got ${JSON.stringify(text)})`);
  return cidr.value;
}

/** `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]:80` */
function parseEndpoint(what: string, text: string): EndpointFilter {
  const match = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text) ?? /^([^:]*):(\d{1,5})$/.exec(text);
  const address = checkAddress(match?.[1] ?? text);
  const port = match?.[2] === undefined ? null : Number(match[2]);
  if ('wrong' in address || (port !== null && (port < 1 || port > 65535))) {
    const expected = 'must be an address or address:port, IPv6 with a port in brackets';
    throw new UsageError(`${what}: ${expected} (got ${JSON.stringify(text)})`);
  }
  return { address: address.value, port };
}

function parseState(text: string): ConnectionState {
  const wanted = text.toUpperCase().replaceAll('-', '_');
  const state = CONNECTION_STATES.find((known) => known === wanted);
  if (state !== undefined) return state;
  const known = CONNECTION_STATES.join(', ');
  throw new UsageError(`state: must be one of ${known} (got ${JSON.stringify(text)})`);
}

/** Tests rows as the API shows them; `limit` is the caller's. */
export function connectionMatcher(filter: ConnectionFilter): (row: Connection) => boolean {
  const inClient = filter.client === null ? null : cidrMatcher(filter.client);
  return (row) =>
    (filter.state === null || row.state === filter.state) &&
    (filter.vip === null || isEndpoint(row.vip, filter.vip)) &&
    (filter.member === null || isEndpoint(row.member, filter.member)) &&
    (inClient === null || inClient(splitEndpoint(row.client).address));
}

function isEndpoint(text: string, wanted: EndpointFilter): boolean {
  const { address, port } = splitEndpoint(text);
  return address === wanted.address && (wanted.port === null || port === wanted.port);
}

function splitEndpoint(text: string): { address: string; port: number } {
  const colon = text.lastIndexOf(':');
  return {
    address: text.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(text.slice(colon + 1)),
  };
}

function cidrMatcher(cidr: string): (address: string) => boolean {
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return (text) => {
    const address = ipaddr.parse(text);
    return address.kind() === network.kind() && address.match(network, bits);
  };
}
