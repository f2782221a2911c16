import { Command } from 'commander';
import type { ParseResult } from '../../config/index.js';
import { withExamples } from '../examples.js';
import { type OutputFormat, outputOption, print } from '../output.js';

export function command(): Command {
  const verb = new Command('check')
    .description('check a configuration file and print all its errors')
    .argument('<file>', 'configuration file')
    .addOption(outputOption())
    .action(check);
  return withExamples(verb, 'clearnat check /etc/clearnat/clearnat.yaml');
}

async function check(file: string, options: { output: OutputFormat }): Promise<void> {
  const { loadConfig, formatError } = await import('../../config/index.js');
  const result = await loadConfig(file);
  if (!result.ok) process.exitCode = 1;
  const value = result.ok ? { ok: true, ...totals(result) } : result;
  if (options.output === 'table' && !result.ok) {
    for (const error of result.errors) process.stderr.write(`${formatError(error)}\n`);
    return;
  }
  const { unsupported } = await import('../../config/unsupported.js');
  if (result.ok)
    for (const what of unsupported(result.config))
      process.stderr.write(`${file}: warning: ${what}\n`);
  await print(options.output, value, () => `${file}: ok: ${sentence(result)}\n`);
}

interface Totals {
  loadbalancers: number;
  listeners: number;
  pools: number;
  members: number;
}

function totals(result: ParseResult): Totals {
  if (!result.ok) return { loadbalancers: 0, listeners: 0, pools: 0, members: 0 };
  const { loadbalancers, pools } = result.config;
  return {
    loadbalancers: loadbalancers.length,
    listeners: loadbalancers.reduce((sum, { listeners }) => sum + listeners.length, 0),
    pools: pools.length,
    members: pools.reduce((sum, { members }) => sum + members.length, 0),
  };
}

function sentence(result: ParseResult): string {
  const counts = Object.entries(totals(result));
  return counts
    .map(([word, count]) => `${count} ${count === 1 ? word.slice(0, -1) : word}`)
    .join(', ');
}
