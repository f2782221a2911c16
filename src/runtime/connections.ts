// Tracked connections as the API shows them.

import { type ConnectionFilter, connectionMatcher } from '../api/filter.js';
import type { ConnectionPage, Connection as ConnectionView } from '../api/schemas.js';
import { jiffiesSince } from '../control/ageing.js';
import type { Control } from '../control/control.js';
import type { Connection, DataplanePort, Endpoint } from '../control/dataplane-port.js';
import { familyOf } from '../control/names.js';
import { flow_state } from '../dataplane/abi.js';

const STATE_NAMES = new Map<number, string>(
  Object.entries(flow_state).map(([name, number]) => [number, name.replace('STATE_', '')]),
);

export async function connectionPage(
  control: Control,
  port: DataplanePort,
  filter: ConnectionFilter,
): Promise<ConnectionPage> {
  const wanted = filter.state === null ? null : flow_state[`STATE_${filter.state}`];
  const matches = connectionMatcher(filter);
  const now = port.currentJiffies();
  const connections: ConnectionView[] = [];
  for await (const batch of port.connections((flow) => wanted === null || flow.state === wanted)) {
    for (const connection of batch) {
      const view = viewOf(control, port, connection, now);
      if (!matches(view)) continue;
      if (connections.length >= filter.limit) return { connections, more: true };
      connections.push(view);
    }
  }
  return { connections, more: false };
}

function viewOf(
  control: Control,
  port: DataplanePort,
  connection: Connection,
  now: number,
): ConnectionView {
  const { client, vip, snat, member, lastSeenIn, lastSeenOut, state, listener } = connection;
  const idle = Math.min(jiffiesSince(lastSeenIn, now), jiffiesSince(lastSeenOut, now));
  return {
    protocol: connection.proto === 6 ? 'TCP' : 'UDP',
    client: endpointText(client),
    vip: endpointText(vip),
    snat: endpointText(snat),
    member: endpointText(member),
    listener: control.reconciler.ids.listeners.nameOf(listener) ?? `?${listener}`,
    state: STATE_NAMES.get(state) ?? String(state),
    idle_seconds: Math.round((idle / port.hz) * 10) / 10,
    packets_in: connection.packetsIn,
    bytes_in: connection.bytesIn,
    packets_out: connection.packetsOut,
    bytes_out: connection.bytesOut,
  };
}

function endpointText({ addr, port }: Endpoint): string {
  return familyOf(addr) === 4 ? `${addr}:${port}` : `[${addr}]:${port}`;
}
