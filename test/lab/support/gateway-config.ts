// The gateway's configuration files of the lab, in the form an operator writes.
import { addresses } from './topology.js';

export interface ListenerSpec {
  name: string;
  port: number;
  /** Default TCP. UDP members are probed by UDP_CONNECT. */
  protocol?: 'TCP' | 'UDP';
  algorithm?: string;
  members: { name: string; address: string; port: number; weight?: number }[];
}

export interface ConfigSpec {
  socket: string;
  listeners: ListenerSpec[];
}

/** Seconds; fast, so that tests of failures are short. */
export const monitor = { delay: 1, timeout: 1, maxRetries: 1, maxRetriesDown: 2 };

function listenerYaml({ name, port, members, protocol = 'TCP', algorithm }: ListenerSpec): string {
  const lines = members.map(
    (member) =>
      `            - { name: ${member.name}, address: ${member.address}, protocol_port: ${member.port}, weight: ${member.weight ?? 1} }`,
  );
  return `      - name: ${name}
        protocol: ${protocol}
        protocol_port: ${port}
        pool:
          lb_algorithm: ${algorithm ?? 'ROUND_ROBIN'}
          healthmonitor:
            type: ${protocol === 'TCP' ? 'TCP' : 'UDP_CONNECT'}
            delay: ${monitor.delay}
            timeout: ${monitor.timeout}
            max_retries: ${monitor.maxRetries}
            max_retries_down: ${monitor.maxRetriesDown}
          members:
${lines.join('\n')}
`;
}

export function gatewayYaml(spec: ConfigSpec): string {
  return `gateway:
  interfaces: [eth0, eth1]
  max_connections: 65536
  snat_addresses: [${addresses.snat4[0]}/31]
  api: { socket: ${spec.socket} }
  metrics: { listen: null }
loadbalancers:
  - name: lab
    vip_addresses: [${addresses.vip4}]
    listeners:
${spec.listeners.map(listenerYaml).join('')}`;
}
