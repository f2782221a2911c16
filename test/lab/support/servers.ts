// Real servers for the backends, each with its own configuration and logs below
// the lab's directory.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackgroundOptions, Host } from './host.js';
import { python, root } from './paths.js';
import type { Background } from './run.js';
import { Hopeless, waitFor } from './wait.js';

/** One line of an access log. */
export interface LogEntry {
  address: string;
  /** 0 where the server does not log it. */
  port: number;
  path: string;
}

/** True once something listens on the port in the host's namespace. */
async function listening(host: Host, port: number): Promise<boolean> {
  const filter = `sport = :${port}`;
  return (await host.run(['ss', '-Hltn', filter])).stdout.trim() !== '';
}

function parseLog(path: string): LogEntry[] {
  if (!existsSync(path)) return [];
  // http.server writes a row of dashes before an exception, and not at once with its newline.
  // "ADDRESS PORT REQUEST" here; "ADDRESS - - [TIME] REQUEST" as servers do by themselves.
  const line = /^-*([\da-f.:]+) (\d+|- \S+ \[.*?\]) "?[A-Z]+ (\S+)/gm;
  return [...readFileSync(path, 'utf8').matchAll(line)].map((match) => ({
    address: match[1] ?? '',
    port: Number(match[2]?.match(/^\d+$/)?.[0] ?? 0),
    path: match[3] ?? '',
  }));
}

interface Definition {
  kind: 'nginx' | 'python';
  argv: string[];
  accessLog: string;
  /** Files put here are served below /. */
  documents: string;
}

/** A server on a backend; it can be stopped and started again. */
export class Server {
  readonly #background: BackgroundOptions;
  #process: Background | null = null;

  private constructor(
    readonly host: Host,
    readonly port: number,
    readonly definition: Definition,
    cgroup?: string,
  ) {
    const log = `${host.name}-${definition.kind}-${port}.log`;
    this.#background = cgroup === undefined ? { log } : { log, cgroup };
  }

  static async start(
    host: Host,
    port: number,
    definition: Definition,
    cgroup?: string,
  ): Promise<Server> {
    const server = new Server(host, port, definition, cgroup);
    await server.start();
    return server;
  }

  get documents(): string {
    return this.definition.documents;
  }

  /** The access log so far. */
  entries(): LogEntry[] {
    return parseLog(this.definition.accessLog);
  }

  async start(): Promise<void> {
    const started = this.host.background(this.definition.argv, this.#background);
    this.#process = started;
    await waitFor(`${this.host.name} to listen on port ${this.port}`, 10_000, () => {
      if (started.status !== null) throw new Hopeless(`server ended: ${started.log}`);
      return listening(this.host, this.port);
    });
  }

  async stop(): Promise<void> {
    await this.#process?.stop('SIGTERM');
  }

  logTail(lines: number): string {
    return readFileSync(this.definition.accessLog, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-lines)
      .join('\n');
  }
}

const detailedLog = {
  format: `log_format lab '$remote_addr $remote_port "$request" $status';`,
  name: 'lab',
};
/** nginx's own default. */
const plainLog = { format: '', name: 'combined' };

function nginxConfig(dir: string, port: number, log: typeof plainLog): string {
  return `daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 65536;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log warn;
events { worker_connections 8192; }
http {
  ${log.format}
  access_log ${dir}/access.log ${log.name};
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  client_max_body_size 1g;
  server {
    listen ${port} backlog=4096;
    listen [::]:${port} ipv6only=on backlog=4096;
    root ${dir}/documents;
    location /r/ { return 200 "ok\\n"; }
    location /slow/ { alias ${dir}/documents/; limit_rate 1m; }
    location /put/ { alias ${dir}/put/; dav_methods PUT; create_full_put_path on; }
  }
}
`;
}

async function nginx(
  host: Host,
  port: number,
  log: typeof plainLog,
  cgroup?: string,
): Promise<Server> {
  const dir = join(host.dir, `${host.name}-nginx-${port}`);
  for (const sub of ['documents', 'put']) mkdirSync(join(dir, sub), { recursive: true });
  const config = join(dir, 'nginx.conf');
  writeFileSync(config, nginxConfig(dir, port, log));
  const argv = ['nginx', '-p', dir, '-c', config, '-e', join(dir, 'error.log')];
  const accessLog = join(dir, 'access.log');
  const documents = join(dir, 'documents');
  return Server.start(host, port, { kind: 'nginx', argv, accessLog, documents }, cgroup);
}

/**
 * nginx; logs $remote_addr and $remote_port, answers /r/ANYTHING, stores PUT /put/NAME;
 * /slow/NAME is /NAME at 1 MB/s.
 */
export function startNginx(host: Host, port: number, cgroup?: string): Promise<Server> {
  return nginx(host, port, detailedLog, cgroup);
}

/** The same with nginx's default log format. */
export function startPlainNginx(host: Host, port: number, cgroup?: string): Promise<Server> {
  return nginx(host, port, plainLog, cgroup);
}

/** `python3 -m http.server`, nothing added. */
export async function startPlainPython(host: Host, port: number, cgroup?: string): Promise<Server> {
  const documents = join(host.dir, `${host.name}-python-${port}`);
  mkdirSync(documents, { recursive: true });
  const argv = [python, '-m', 'http.server', String(port), '--directory', documents];
  const accessLog = join(host.dir, `${host.name}-python-${port}.log`);
  return Server.start(host, port, { kind: 'python', argv, accessLog, documents }, cgroup);
}

/** Python's http.server on `address` ("::" is dual-stack), with PUT and the port in its log. */
export async function startPython(
  host: Host,
  port: number,
  address: '::' | '0.0.0.0',
  cgroup?: string,
): Promise<Server> {
  const documents = join(host.dir, `${host.name}-python-${port}`);
  mkdirSync(documents, { recursive: true });
  const argv = [python, join(root, 'test/lab/support/server.py'), address, String(port), documents];
  const accessLog = join(host.dir, `${host.name}-python-${port}.log`);
  return Server.start(host, port, { kind: 'python', argv, accessLog, documents }, cgroup);
}
