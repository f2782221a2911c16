#!/usr/bin/env node
// `clearnat VERB …`: loads the one verb that is asked for, and turns what it
// throws into a message and an exit status: 0 done, 1 failed, 2 wrong usage.

import { Command, CommanderError } from 'commander';
import { ClearnatError } from '../errors.js';
import { version } from '../version.js';

type Verb = () => Promise<{ command(): Command }>;

const VERBS: Readonly<Record<string, Verb>> = {
  run: () => import('./verbs/run.js'),
  check: () => import('./verbs/check.js'),
  list: () => import('./verbs/list.js'),
  stats: () => import('./verbs/stats.js'),
  conns: () => import('./verbs/conns.js'),
  reload: () => import('./verbs/reload.js'),
};

async function program(wanted: string | undefined): Promise<Command> {
  const root = new Command('clearnat')
    .description('Layer-4 load-balancing gateway whose backends see the real client address')
    .version(version(), '-V, --version')
    .showSuggestionAfterError()
    .exitOverride();
  const one = wanted === undefined ? undefined : VERBS[wanted];
  const verbs = one === undefined ? Object.values(VERBS) : [one];
  for (const load of verbs) {
    const { command } = await load();
    root.addCommand(command().exitOverride().showSuggestionAfterError());
  }
  root.addHelpText(
    'after',
    `
Examples:
  $ clearnat check /etc/clearnat/clearnat.yaml
  $ clearnat run --config /etc/clearnat/clearnat.yaml
  $ clearnat list
`,
  );
  return root;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ClearnatError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  // The system refused something: its words are enough. Anything else is a bug, with its stack.
  if (!(error instanceof Error && 'syscall' in error)) throw error;
  process.stderr.write(`clearnat: ${error.message}\n`);
  return 1;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe has seen enough.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  const verb = process.argv[2];
  const known = verb !== undefined && Object.hasOwn(VERBS, verb);
  await (await program(known ? verb : undefined)).parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
