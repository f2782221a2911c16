// One host of the lab: a network namespace in which commands are run.
//
// nsenter rather than `ip netns exec`: the latter remounts /sys, which hides
// every bpffs, so that pins would not survive the process that made them.
import { join } from 'node:path';
import type { LabRecord } from './registry.js';
import {
  Background,
  type CommandLog,
  commandLine,
  type RunOptions,
  type RunResult,
  run,
} from './run.js';

export interface HostRunOptions extends RunOptions {
  /** cgroup2 directory to run in. */
  cgroup?: string;
}

export interface BackgroundOptions {
  cgroup?: string;
  env?: Record<string, string>;
  /** File name in the lab's directory; default: host and command. */
  log?: string;
}

export class Host {
  readonly #record: LabRecord;
  readonly #log: CommandLog;

  constructor(
    readonly name: string,
    /** Name below /run/netns. */
    readonly namespace: string,
    record: LabRecord,
    log: CommandLog,
  ) {
    this.#record = record;
    this.#log = log;
  }

  get dir(): string {
    return this.#record.dir;
  }

  /** The command line that does `argv` on this host, e.g. for spawning it otherwise. */
  argv(argv: readonly string[], cgroup?: string): string[] {
    const enter = ['nsenter', `--net=/run/netns/${this.namespace}`, '--', ...argv];
    if (cgroup === undefined) return enter;
    return ['sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', cgroup, ...enter];
  }

  async run(argv: readonly string[], options: HostRunOptions = {}): Promise<RunResult> {
    const { cgroup, ...rest } = options;
    this.#log.write(`[${this.name}] + ${commandLine(argv)}`);
    const result = await run(this.argv(argv, cgroup), rest);
    if (result.status !== 0)
      this.#log.write(`[${this.name}] = ${result.status} ${result.stderr.trim()}`);
    return result;
  }

  /** Runs a bash script with positional arguments. */
  script(
    text: string,
    args: readonly string[] = [],
    options: HostRunOptions = {},
  ): Promise<RunResult> {
    return this.run(['bash', '-uc', text, 'lab', ...args], options);
  }

  background(argv: readonly string[], options: BackgroundOptions = {}): Background {
    this.#log.write(`[${this.name}] + ${commandLine(argv)} &`);
    const command = argv[0]?.split('/').at(-1) ?? 'command';
    const log = join(this.dir, options.log ?? `${this.name}-${command}.log`);
    return new Background(this.argv(argv, options.cgroup), log, options.env);
  }
}
