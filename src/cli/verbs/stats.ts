import { Command } from 'commander';
import type { MemberStats, Stats } from '../../api/schemas.js';
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
  const verb = new Command('stats')
    .description('counters of listeners and members, and drops by reason')
    .addOption(socketOption())
    .addOption(outputOption())
    .action(stats);
  return withExamples(verb, 'clearnat stats', 'clearnat stats -o yaml');
}

async function stats({ socket, output }: Options): Promise<void> {
  const counters = await call<Stats>(socket, 'GET', '/v1/stats');
  await print(output, counters, () => statsTable(counters));
}

const HEADER = [
  'Prot',
  'Address:Port',
  'Name',
  'Conns',
  'Active',
  'Inactive',
  'InPkts',
  'InBytes',
  'OutPkts',
  'OutBytes',
];
const ALIGN: Align[] = ['left', 'left', 'left', ...new Array<Align>(7).fill('right')];

/** Members stand under the listeners of their pool; a shared pool's appear under each. */
export function statsTable({ listeners, members, drops }: Stats): string {
  const pools = new Map<string, MemberStats[]>();
  for (const member of members) {
    const key = `${member.protocol} ${member.pool}`;
    pools.set(key, [...(pools.get(key) ?? []), member]);
  }
  const rows: string[][] = [];
  for (const listener of listeners) {
    const addresses = listener.vip_addresses.map((vip) => endpoint(vip, listener.protocol_port));
    const name = `${listener.loadbalancer}/${listener.name}`;
    rows.push([listener.protocol, addresses.join(' '), name, ...counters(listener)]);
    for (const member of pools.get(`${listener.protocol} ${listener.pool}`) ?? []) {
      const address = endpoint(member.address, member.protocol_port);
      rows.push(['  ->', address, member.name, ...counters(member)]);
    }
  }
  const dropped = drops.filter(({ packets }) => packets > 0);
  return table(HEADER, rows, ALIGN) + dropsTable(dropped);
}

function counters(row: MemberStats | Stats['listeners'][number]): string[] {
  return [
    row.total_connections,
    row.active_connections,
    row.inactive_connections,
    row.packets_in,
    row.bytes_in,
    row.packets_out,
    row.bytes_out,
  ].map(short);
}

function dropsTable(drops: Stats['drops']): string {
  if (drops.length === 0) return '\nno drops\n';
  const rows = drops.map((drop) => [short(drop.packets), drop.reason, drop.description]);
  return `\n${table(['Packets', 'Reason', 'Meaning'], rows, ['right'])}`;
}
