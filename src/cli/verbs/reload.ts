import { Command } from 'commander';
import type { ReloadResult } from '../../api/schemas.js';
import { call, socketOption } from '../client.js';
import { withExamples } from '../examples.js';
import { type OutputFormat, outputOption, print } from '../output.js';

interface Options {
  socket: string;
  output: OutputFormat;
}

export function command(): Command {
  const verb = new Command('reload')
    .description('have the daemon read its configuration file again')
    .addOption(socketOption())
    .addOption(outputOption())
    .action(reload);
  return withExamples(verb, 'clearnat reload');
}

/** A file with errors is told by the daemon, line by line, and changes nothing. */
async function reload({ socket, output }: Options): Promise<void> {
  const result = await call<ReloadResult>(socket, 'POST', '/v1/reload');
  await print(output, result, () => `${result.summary}\n`);
}
