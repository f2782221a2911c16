import { Command, Option } from 'commander';
import { withExamples } from '../examples.js';

const DEFAULT_CONFIG = '/etc/clearnat/clearnat.yaml';
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

interface Options {
  config: string;
  pinPath: string;
  logLevel: (typeof LEVELS)[number];
  logPretty: boolean;
}

export function command(): Command {
  const verb = new Command('run')
    .description('run the gateway in the foreground, until SIGTERM or SIGINT')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--pin-path <dir>', 'where maps, programs and links are pinned', '/sys/fs/bpf/clearnat')
    .addOption(
      new Option('--log-level <level>', 'least level to log').choices(LEVELS).default('info'),
    )
    .option('--log-pretty', 'log lines for people instead of JSON', false)
    .action(run);
  return withExamples(
    verb,
    'clearnat run',
    'clearnat run --config ./lab.yaml --pin-path /sys/fs/bpf/lab --log-level debug --log-pretty',
  );
}

async function run(options: Options): Promise<void> {
  const { startDaemon } = await import('../../daemon.js');
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const daemon = await startDaemon({
    configPath: options.config,
    pinPath: options.pinPath,
    logLevel: options.logLevel,
    logPretty: options.logPretty,
  });
  await stopped;
  await daemon.stop();
}
