// Counters as the API shows them.

import type { ListenerStats, MemberStats, Stats } from '../api/runtime.js';
import type { Control } from '../control/control.js';
import type { ConnCount, DataplanePort, Traffic } from '../control/dataplane-port.js';
import { listenerName, memberKey } from '../control/names.js';
import { usedVariants } from '../control/plan-pools.js';
import { dropReasons } from '../dataplane/abi.js';
import { portText } from './words.js';

const NO_TRAFFIC: Traffic = { packets_in: 0, bytes_in: 0, packets_out: 0, bytes_out: 0 };
const NO_CONNS: ConnCount = { total: 0, active: 0, inactive: 0 };

function counters(traffic: Traffic, conns: ConnCount) {
  return {
    total_connections: conns.total,
    // The two ends of a connection's life may be counted on different CPUs.
    active_connections: Math.max(conns.active, 0),
    inactive_connections: Math.max(conns.inactive, 0),
    ...traffic,
  };
}

export function stats(control: Control, port: DataplanePort): Stats {
  return {
    listeners: listenerStats(control, port),
    members: memberStats(control, port),
    drops: dropStats(port),
  };
}

function listenerStats(control: Control, port: DataplanePort): ListenerStats[] {
  return control.config.loadbalancers.flatMap((lb) =>
    lb.listeners.map((listener) => {
      const id = control.reconciler.ids.listeners.get(listenerName(lb, listener));
      return {
        loadbalancer: lb.name,
        name: listener.name,
        protocol: listener.protocol,
        vip_addresses: lb.vip_addresses,
        protocol_port: portText(listener.protocol_port),
        pool: listener.pool,
        ...(id === undefined
          ? counters(NO_TRAFFIC, NO_CONNS)
          : counters(port.listenerTraffic(id), port.listenerConns(id))),
      };
    }),
  );
}

function memberStats(control: Control, port: DataplanePort): MemberStats[] {
  return [...usedVariants(control.config).values()].flatMap(({ pool, protocol }) =>
    pool.members.map((member) => {
      const id = control.memberId(protocol, pool.name, memberKey(member));
      return {
        pool: pool.name,
        protocol,
        name: member.name,
        address: member.address,
        protocol_port: member.protocol_port,
        ...(id === undefined
          ? counters(NO_TRAFFIC, NO_CONNS)
          : counters(port.memberTraffic(id), port.memberConns(id))),
      };
    }),
  );
}

function dropStats(port: DataplanePort): Stats['drops'] {
  return port.drops().flatMap((packets, number) => {
    const reason = dropReasons[number];
    if (!reason || number === 0 || packets === 0) return [];
    return [{ reason: reason.name, description: reason.text, packets }];
  });
}
