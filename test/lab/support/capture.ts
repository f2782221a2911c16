// tcpdump on one host's interface.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.js';
import { type Packet, readPcap } from './pcap.js';
import type { Background } from './run.js';
import { Hopeless, sleep, waitFor } from './wait.js';

let captures = 0;

export class Capture {
  private constructor(
    readonly path: string,
    readonly tcpdump: Background,
  ) {}

  /** Listening when this resolves. `filter` is tcpdump's; `snaplen` bytes of each frame are kept. */
  static async start(host: Host, filter: string, snaplen = 0): Promise<Capture> {
    const name = `${host.name}-capture${captures++}`;
    const path = join(host.dir, `${name}.pcap`);
    const options = ['-i', 'eth0', '-n', '-U', '--immediate-mode', '-s', String(snaplen)];
    const tcpdump = host.background(['tcpdump', ...options, '-Z', 'root', '-w', path, filter], {
      log: `${name}.log`,
    });
    await waitFor('tcpdump to listen', 5000, () => {
      if (tcpdump.status !== null) throw new Hopeless(`tcpdump ended: ${tcpdump.log}`);
      return tcpdump.log.includes('listening on');
    });
    return new Capture(path, tcpdump);
  }

  packets(): Packet[] {
    return readPcap(readFileSync(this.path));
  }

  async stop(): Promise<Packet[]> {
    await sleep(50); // what the kernel has queued for tcpdump
    await this.tcpdump.stop('SIGINT');
    return this.packets();
  }
}
