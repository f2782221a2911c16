// Commands of the lab: each is echoed into the lab's log and has a timeout.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';

export interface RunOptions {
  timeoutMs?: number;
  input?: string;
  /** Leave a non-zero exit status to the caller. */
  allowFailure?: boolean;
  env?: Record<string, string>;
}

export interface RunResult {
  /** Exit status; 128 + n after signal n, as a shell has it. */
  status: number;
  stdout: string;
  stderr: string;
}

/** Writes a line into the lab's log, and to stderr with LAB_VERBOSE=1. */
export class CommandLog {
  constructor(readonly path: string) {}

  write(line: string): void {
    appendFileSync(this.path, `${new Date().toISOString().slice(11, 23)} ${line}\n`);
    if (process.env.LAB_VERBOSE) process.stderr.write(`${line}\n`);
  }

  tail(lines = 40): string {
    return readFileSync(this.path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}

function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

export function commandLine(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}

/** Kills a whole process group; one that is gone already is no error. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function start(
  argv: readonly string[],
  stdio: ('pipe' | 'ignore' | number)[],
  env?: Record<string, string>,
) {
  const [command, ...args] = argv;
  if (command === undefined) throw new Error('empty command');
  return spawn(command, args, {
    stdio,
    detached: true,
    env: { ...process.env, LC_ALL: 'C', ...env },
  });
}

/** Runs to the end; a non-zero status throws with everything the command said. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  return new Promise((resolve, reject) => {
    const child = start(argv, ['pipe', 'pipe', 'pipe'], options.env);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
    }, timeoutMs);
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin?.on('error', () => {}); // a command that does not read its input
    child.stdin?.end(options.input ?? '');
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`${commandLine(argv)}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const result = {
        status: code ?? (signal === 'SIGKILL' ? 137 : 143),
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      };
      if (timedOut)
        reject(new Error(`${commandLine(argv)}: no end after ${timeoutMs} ms\n${result.stderr}`));
      else if (result.status !== 0 && !options.allowFailure)
        reject(
          new Error(
            `${commandLine(argv)}: exit status ${result.status}\n${result.stdout}${result.stderr}`,
          ),
        );
      else resolve(result);
    });
  });
}

/** A server or any other command that goes on in the background; output goes to a file. */
export class Background {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #status: number | null = null;

  constructor(
    readonly argv: readonly string[],
    readonly logPath: string,
    env?: Record<string, string>,
  ) {
    const log = openSync(logPath, 'a');
    this.#child = start(argv, ['ignore', log, log], env);
    closeSync(log);
    this.#ended = new Promise((resolve) => {
      const end = (status: number) => {
        this.#status = status;
        resolve(status);
      };
      this.#child.on('exit', (code, signal) => end(code ?? (signal === 'SIGKILL' ? 137 : 143)));
      this.#child.on('error', () => end(127));
    });
    if (this.#child.pid === undefined) throw new Error(`${commandLine(argv)}: cannot start`);
    this.pid = this.#child.pid;
  }

  /** Exit status, or null while it runs. */
  get status(): number | null {
    return this.#status;
  }

  get log(): string {
    return readFileSync(this.logPath, 'utf8');
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#status === null) this.#child.kill(signal);
  }

  wait(): Promise<number> {
    return this.#ended;
  }

  /** Lets this process end while the command goes on. */
  release(): void {
    this.#child.unref();
  }

  /** Ends the command and everything it started: politely, then after timeoutMs not. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 3000): Promise<number> {
    if (this.#status === null) {
      this.#child.kill(signal);
      const timer = setTimeout(() => killGroup(this.pid, 'SIGKILL'), timeoutMs);
      await this.#ended;
      clearTimeout(timer);
    }
    killGroup(this.pid, 'SIGKILL');
    return this.#ended;
  }
}
