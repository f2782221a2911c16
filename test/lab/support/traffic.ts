// Requests by real curl processes, each on a connection of its own.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.js';
import type { Background } from './run.js';
import type { LogEntry } from './servers.js';

/** One request as the client saw it. */
export interface Request {
  path: string;
  /** HTTP status, 0 without a response. */
  status: number;
  /** The client's own end of the connection. */
  address: string;
  port: number;
  /** Until the connection stood; 0 when it never did. */
  connectSeconds: number;
  seconds: number;
}

let series = 0;

const curl =
  'curl -s -o /dev/null -m 10 -w "$path %{http_code} %{local_ip} %{local_port} %{time_connect} %{time_total}\\n" "$url$path"';

function parse(output: string): Request[] {
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [path = '', status, address = '', port, connect, seconds] = line.split(' ');
      return {
        path,
        status: Number(status),
        address,
        port: Number(port),
        connectSeconds: Number(connect),
        seconds: Number(seconds),
      };
    });
}

/** `count` requests, `parallel` at a time; every path is unique and starts with `under`. */
export async function requests(
  client: Host,
  url: string,
  count: number,
  parallel = 1,
  under = '/r/',
): Promise<Request[]> {
  const prefix = `${under}${client.name}-${series++}-`;
  const one = `url=$0 path=$1; ${curl}; true`;
  const { stdout } =
    parallel === 1
      ? await client.script(
          `url=$1; for i in $(seq $3); do path=$2$i; ${curl}; done; true`,
          [url, prefix, String(count)],
          { timeoutMs: 120_000 },
        )
      : await client.script(
          `seq -f "$2%.0f" $3 | xargs -P $4 -n 1 bash -c "$5" "$1"`,
          [url, prefix, String(count), String(parallel), one],
          { timeoutMs: 120_000 },
        );
  return parse(stdout);
}

/** Requests that were not answered with 200. */
export function failures(made: readonly Request[]): Request[] {
  return made.filter((request) => request.status !== 200);
}

/** Requests whose client address or port an access log does not have exactly so. */
export function wronglyLogged(
  made: readonly Request[],
  entries: readonly LogEntry[],
): { request: Request; logged: LogEntry | undefined }[] {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  return made
    .map((request) => ({ request, logged: byPath.get(request.path) }))
    .filter(({ request, logged }) => {
      const address = logged?.address.replace(/^::ffff:/, '');
      return address !== request.address || logged?.port !== request.port;
    });
}

/** Requests one after the other, in `streams` loops, until stopped. */
export class Traffic {
  readonly #loops: Background[];
  readonly #flag: string;

  constructor(client: Host, url: string, streams: number) {
    const name = `${client.name}-traffic${series++}`;
    this.#flag = join(client.dir, name);
    writeFileSync(this.#flag, '');
    const script = `url=$1 flag=$2; i=0; while [ -e "$flag" ]; do i=$((i+1)); path=$3$i; ${curl}; done`;
    this.#loops = Array.from({ length: streams }, (_, i) =>
      client.background(['bash', '-uc', script, 'lab', url, this.#flag, `/r/${name}-${i}-`], {
        log: `${name}-${i}.log`,
      }),
    );
  }

  /** Requests finished so far. */
  sofar(): Request[] {
    return this.#loops.flatMap((loop) => parse(readFileSync(loop.logPath, 'utf8')));
  }

  async stop(): Promise<Request[]> {
    rmSync(this.#flag, { force: true });
    await Promise.all(this.#loops.map((loop) => loop.wait()));
    return this.sofar();
  }
}
