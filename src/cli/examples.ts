import type { Command } from 'commander';

/** The end of a verb's --help: what to type. */
export function withExamples(command: Command, ...lines: string[]): Command {
  const text = lines.map((line) => `  $ ${line}\n`).join('');
  return command.addHelpText('after', `\n${lines.length > 1 ? 'Examples' : 'Example'}:\n${text}`);
}
