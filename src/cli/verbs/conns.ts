import { Command, InvalidArgumentError } from 'commander';
import type { Connection, ConnectionPage } from '../../api/schemas.js';
import { call, socketOption } from '../client.js';
import { withExamples } from '../examples.js';
import { type OutputFormat, outputOption, print } from '../output.js';
import { type Align, short, table } from '../table.js';

interface Options {
  socket: string;
  output: OutputFormat;
  client?: string;
  vip?: string;
  member?: string;
  state?: string;
  limit: number;
}

export function command(): Command {
  const verb = new Command('conns')
    .description('list tracked connections')
    .option('--client <cidr>', 'of clients in this address or CIDR')
    .option('--vip <address[:port]>', 'to this VIP')
    .option('--member <address[:port]>', 'to this member')
    .option('--state <state>', 'in this state, like ESTABLISHED')
    .option('--limit <count>', 'at most so many', positive, 1000)
    .addOption(socketOption())
    .addOption(outputOption())
    .action(conns);
  return withExamples(
    verb,
    'clearnat conns --client 198.51.100.0/24',
    'clearnat conns --member 10.0.2.11:8443 --state ESTABLISHED --limit 20',
  );
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a positive integer.');
  return Number(text);
}

async function conns(options: Options): Promise<void> {
  const query = new URLSearchParams({ limit: String(options.limit) });
  for (const key of ['client', 'vip', 'member', 'state'] as const) {
    const value = options[key];
    if (value !== undefined) query.set(key, value);
  }
  const page = await call<ConnectionPage>(options.socket, 'GET', `/v1/connections?${query}`);
  await print(options.output, page, () => connectionsTable(page));
}

const HEADER = [
  'Prot',
  'Client',
  'VIP',
  'SNAT',
  'Member',
  'Listener',
  'State',
  'Idle',
  'InPkts',
  'InBytes',
  'OutPkts',
  'OutBytes',
];
const ALIGN: Align[] = [...new Array<Align>(7).fill('left'), ...new Array<Align>(5).fill('right')];

export function connectionsTable({ connections, more }: ConnectionPage): string {
  const end = more ? `there are more; see --limit (${connections.length} shown)\n` : '';
  return table(HEADER, connections.map(row), ALIGN) + end;
}

function row(connection: Connection): string[] {
  return [
    connection.protocol,
    connection.client,
    connection.vip,
    connection.snat,
    connection.member,
    connection.listener,
    connection.state,
    `${Math.floor(connection.idle_seconds)}s`,
    short(connection.packets_in),
    short(connection.bytes_in),
    short(connection.packets_out),
    short(connection.bytes_out),
  ];
}
