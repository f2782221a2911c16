// Reading and ending connections of the flow table. An entry is judged by the
// raw bytes of its client side; only what is asked for becomes an object.

import { setImmediate as breathe } from 'node:timers/promises';
import { type expire_entry, flow_flag, flow4, flow4_key } from '../dataplane/abi.js';
import { ipv4ToString } from '../dataplane/address.js';
import { decode, encode, type StructOf } from '../dataplane/codec.js';
import type { Dataplane } from '../dataplane/dataplane.js';
import type { BpfMap } from '../native/types.js';
import type { Connection, FlowCursor } from './dataplane-port.js';

const BATCH = 512;
const ENTRIES_PER_SLICE = 50_000;

interface FlowConnection extends Connection {
  key: Buffer;
}

/** Points into a buffer of flow4 values. */
class Cursor implements FlowCursor {
  at = 0;
  constructor(private readonly values: Buffer) {}
  get last_seen(): number {
    return this.values.readUInt32LE(this.at + flow4.fields.last_seen.offset);
  }
  get state(): number {
    return this.values.readUInt8(this.at + flow4.fields.state.offset);
  }
  get flags(): number {
    return this.values.readUInt8(this.at + flow4.fields.flags.offset);
  }
  get member(): number {
    return this.values.readUInt32LE(this.at + flow4.fields.member.offset);
  }
  get listener(): number {
    return this.values.readUInt16LE(this.at + flow4.fields.listener.offset);
  }
  get snat(): number {
    return this.values.readUInt16LE(this.at + flow4.fields.snat.offset);
  }
}

export async function* readFlows(
  map: BpfMap,
  select: (flow: FlowCursor) => boolean,
): AsyncGenerator<Connection[]> {
  const { count, keys, values } = await map.entries();
  const cursor = new Cursor(values);
  let batch: Connection[] = [];
  for (let i = 0; i < count; i++) {
    cursor.at = i * flow4.size;
    if (cursor.flags & flow_flag.FLOW_CLIENT && select(cursor)) {
      const key = Buffer.from(keys.subarray(i * flow4_key.size, (i + 1) * flow4_key.size));
      batch.push(join(map, key, decode(flow4, values, cursor.at)));
    }
    if (batch.length >= BATCH) {
      yield batch;
      batch = [];
      await breathe();
    } else if (i % ENTRIES_PER_SLICE === ENTRIES_PER_SLICE - 1) await breathe();
  }
  if (batch.length > 0) yield batch;
}

function join(map: BpfMap, key: Buffer, flow: StructOf<typeof flow4>): FlowConnection {
  const { saddr, daddr, sport, dport, proto } = decode(flow4_key, key);
  const twinKey = encode(flow4_key, {
    saddr: flow.daddr,
    daddr: flow.saddr,
    sport: flow.dport,
    dport: flow.sport,
    proto,
  });
  const value = map.lookup(twinKey);
  const twin = value && decode(flow4, value);
  return {
    key,
    proto,
    client: { addr: ipv4ToString(saddr), port: sport },
    vip: { addr: ipv4ToString(daddr), port: dport },
    snat: { addr: ipv4ToString(flow.saddr), port: flow.sport },
    member: { addr: ipv4ToString(flow.daddr), port: flow.dport },
    state: flow.state,
    flags: flow.flags,
    listener: flow.listener,
    memberId: flow.member,
    snatIndex: flow.snat,
    lastSeenIn: flow.last_seen,
    lastSeenOut: twin?.last_seen ?? flow.last_seen,
    ackIn: flow.ack,
    ackOut: twin?.ack ?? 0,
    packetsIn: flow.packets,
    packetsOut: twin?.packets ?? 0,
    bytesIn: flow.bytes,
    bytesOut: twin?.bytes ?? 0,
  };
}

/** Those that ended: a packet that came since they were read keeps an idle one. */
export function expireFlows(
  dataplane: Dataplane,
  connections: Connection[],
  reason: number,
): Connection[] {
  const entries = (connections as FlowConnection[]).map(({ key, lastSeenIn, lastSeenOut }) => ({
    key: decode(flow4_key, key),
    last_seen: lastSeenIn,
    peer_last_seen: lastSeenOut,
  })) satisfies Partial<StructOf<typeof expire_entry>>[];
  if (dataplane.expire(entries, reason) === connections.length) return connections;
  const { raw } = dataplane.maps.flows4;
  return connections.filter(
    (connection) => raw.lookup((connection as FlowConnection).key) === null,
  );
}
