// A real sshd on a lab host with keys of its own, and a client session that is
// held open through it.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.js';
import { type Background, run } from './run.js';
import { Hopeless, waitFor } from './wait.js';

export interface Sshd {
  readonly process: Background;
  /** Arguments of ssh up to and including the destination. */
  sshArgv(address: string): string[];
}

export async function startSshd(host: Host): Promise<Sshd> {
  const dir = join(host.dir, 'sshd');
  mkdirSync(dir, { mode: 0o700 });
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  for (const key of ['host_key', 'client_key'])
    await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(dir, key)]);
  const config = join(dir, 'sshd_config');
  writeFileSync(
    config,
    `Port 22
HostKey ${dir}/host_key
AuthorizedKeysFile ${dir}/client_key.pub
PidFile none
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
UsePAM no
`,
  );
  const process = host.background(['/usr/sbin/sshd', '-D', '-e', '-f', config]);
  await waitFor('sshd to listen', 5000, () => {
    if (process.status !== null) throw new Hopeless(`sshd ended: ${process.log}`);
    return process.log.includes('listening on 0.0.0.0');
  });
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'ConnectTimeout=5',
  ].flatMap((option) => ['-o', option]);
  return {
    process,
    sshArgv: (address) => [
      'ssh',
      '-F',
      'none',
      '-i',
      join(dir, 'client_key'),
      ...options,
      `root@${address}`,
    ],
  };
}

/** `cat` behind ssh: every line sent comes back for as long as the session lives. */
export class SshSession {
  readonly #child: ChildProcessWithoutNullStreams;
  #received = '';
  #count = 0;

  constructor(client: Host, sshd: Sshd, address: string) {
    const [command = '', ...args] = client.argv([...sshd.sshArgv(address), 'cat']);
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString();
    });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString();
    });
    this.#child.stdin.on('error', () => {});
  }

  /** Sends a line and waits for its echo; throws when it does not come in time. */
  async echo(timeoutMs = 5000): Promise<void> {
    const line = `line ${this.#count++}\n`;
    this.#child.stdin.write(line);
    await waitFor(
      `the echo of ${JSON.stringify(line)} over ssh, got ${this.#received}`,
      timeoutMs,
      () => {
        if (this.#child.exitCode !== null) throw new Hopeless(`ssh ended: ${this.#received}`);
        return this.#received.endsWith(line);
      },
    );
  }

  close(): void {
    this.#child.kill();
  }
}
