// The real gateway: the daemon in the gateway's namespace, driven by its CLI.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type ConfigSpec, gatewayYaml } from './gateway-config.js';
import type { Host } from './host.js';
import { clearnatMain, requireBuilt } from './paths.js';
import type { Background, RunResult } from './run.js';
import type { Topology } from './topology.js';
import { Hopeless, waitFor } from './wait.js';

/** As much of `clearnat list -o json` as the lab reads. */
interface ListedMember {
  name: string;
  operating_status: string;
}

interface ListedListener {
  name: string;
  pool: { members: ListedMember[] };
}

/** Cheaper than starting the CLI until it gets an answer. */
function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.on('connect', () => resolve(true)).on('error', () => resolve(false));
    connection.on('connect', () => connection.destroy());
  });
}

export class Gateway {
  readonly #host: Host;
  #daemon: Background | null = null;

  private constructor(
    lab: Topology,
    readonly configPath: string,
    readonly socket: string,
    readonly pinPath: string,
  ) {
    this.#host = lab.hosts.gateway;
  }

  /** Writes the configuration; start() does the rest. */
  static async prepare(lab: Topology, spec: Omit<ConfigSpec, 'socket'>): Promise<Gateway> {
    requireBuilt(clearnatMain);
    const socket = join(lab.dir, 'api.sock');
    const gateway = new Gateway(
      lab,
      join(lab.dir, 'clearnat.yaml'),
      socket,
      `${await lab.bpffs()}/gateway`,
    );
    writeFileSync(gateway.configPath, gatewayYaml({ ...spec, socket }));
    return gateway;
  }

  get daemon(): Background {
    if (this.#daemon === null) throw new Error('the gateway was not started');
    return this.#daemon;
  }

  /** What an operator would type for a verb of the CLI. */
  argv(...args: string[]): string[] {
    return [process.execPath, clearnatMain, ...args];
  }

  /** The same, for a verb that asks the running daemon. */
  clientArgv(...args: string[]): string[] {
    return this.argv(...args, '--socket', this.socket);
  }

  /** Runs a verb that asks the running daemon. */
  clearnat(...args: string[]): Promise<RunResult> {
    return this.#host.run(this.clientArgv(...args));
  }

  /** What the daemon has said so far. */
  log(): string {
    return this.#daemon?.log ?? '';
  }

  /** Starts the daemon and waits until it answers and every member is up (or, as told, not). */
  async start(options: { membersUp?: boolean } = {}): Promise<void> {
    this.#daemon = this.#host.background(
      this.argv('run', '--config', this.configPath, '--pin-path', this.pinPath),
      { log: 'gateway.log' },
    );
    await waitFor('the gateway to answer', 20_000, () => {
      this.#mustRun();
      return accepts(this.socket);
    });
    if (options.membersUp !== false) await this.waitMembers(() => 'ONLINE');
  }

  #mustRun(): void {
    const { status, log } = this.daemon;
    if (status !== null) throw new Hopeless(`clearnat run ended with status ${status}:\n${log}`);
  }

  /** The members of one listener, or of all. */
  async members(listener?: string): Promise<ListedMember[]> {
    const { stdout } = await this.clearnat('list', '-o', 'json');
    const found: ListedMember[] = [];
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      const { name, pool } = value as Partial<ListedListener>;
      if (pool === undefined) Object.values(value).forEach(walk);
      else if (listener === undefined || name === listener) found.push(...pool.members);
    };
    walk(JSON.parse(stdout));
    return found;
  }

  /** Waits until each member has the status that `expected` gives for its name. */
  async waitMembers(
    expected: (name: string) => string,
    timeoutMs = 10_000,
    listener?: string,
  ): Promise<void> {
    let seen = '';
    await waitFor('members to change state', timeoutMs, async () => {
      const members = await this.members(listener);
      seen = members.map((member) => `${member.name} ${member.operating_status}`).join(', ');
      if (members.every((member) => member.operating_status === expected(member.name))) return true;
      throw new Error(seen);
    });
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    this.daemon.kill('SIGKILL');
    await this.daemon.wait();
  }

  async stop(): Promise<number> {
    return this.daemon.stop('SIGTERM', 5000);
  }
}
