import { Command } from 'commander';
import type { ListenerView, LoadBalancerView, MemberView } from '../../api/schemas.js';
import { endpoint } from '../../endpoint.js';
import { call, socketOption } from '../client.js';
import { withExamples } from '../examples.js';
import { type OutputFormat, outputOption, print } from '../output.js';
import { type Align, short, table } from '../table.js';

interface Options {
  socket: string;
  output: OutputFormat;
}

export function command(): Command {
  const verb = new Command('list')
    .description('list listeners and their members with state and connections')
    .addOption(socketOption())
    .addOption(outputOption())
    .action(list);
  return withExamples(verb, 'clearnat list', 'clearnat list -o json');
}

async function list({ socket, output }: Options): Promise<void> {
  const tree = await call<{ loadbalancers: LoadBalancerView[] }>(
    socket,
    'GET',
    '/v1/loadbalancers',
  );
  await print(output, tree, () => listTable(tree.loadbalancers));
}

const LISTENER_HEADER = ['Prot', 'VirtualAddress:Port', 'Scheduler', 'Listener', 'Status'];
const MEMBER_HEADER = [
  '  ->',
  'MemberAddress:Port',
  'Forward',
  'Weight',
  'Status',
  'ActiveConn',
  'InActConn',
];
const ALIGN: Align[] = ['left', 'left', 'left', 'left', 'left', 'right', 'right'];

/** The shape of `ipvsadm -Ln`: a line per VIP and listener, its members below. */
export function listTable(loadbalancers: readonly LoadBalancerView[]): string {
  const rows: string[][] = [MEMBER_HEADER];
  for (const balancer of loadbalancers) {
    for (const listener of balancer.listeners) {
      for (const vip of balancer.vip_addresses) {
        rows.push(listenerRow(balancer, listener, vip));
        for (const member of listener.pool.members) rows.push(memberRow(listener, member));
      }
    }
  }
  return table(LISTENER_HEADER, rows, ALIGN);
}

function listenerRow(balancer: LoadBalancerView, listener: ListenerView, vip: string): string[] {
  return [
    listener.protocol,
    endpoint(vip, listener.protocol_port),
    listener.pool.lb_algorithm,
    `${balancer.name}/${listener.name}`,
    listener.operating_status,
  ];
}

function memberRow(listener: ListenerView, member: MemberView): string[] {
  return [
    '  ->',
    endpoint(member.address, member.protocol_port),
    listener.forwarding_mode,
    String(member.weight),
    member.operating_status,
    short(member.active_connections),
    short(member.inactive_connections),
    ...(member.reason === undefined ? [] : [member.reason]),
  ];
}
