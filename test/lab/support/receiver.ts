// The receiver on a backend, by the tool that its operators use.
import { createCgroup } from './cgroups.js';
import type { Host } from './host.js';
import { requireBuilt, toactlBinary } from './paths.js';
import type { Topology } from './topology.js';

export class Receiver {
  private constructor(
    readonly host: Host,
    /** The backend's servers belong in here. */
    readonly cgroup: string,
    readonly pinDir: string,
  ) {}

  /** Not loaded yet. */
  static async prepare(lab: Topology, host: Host): Promise<Receiver> {
    requireBuilt(toactlBinary);
    const cgroup = await createCgroup(lab, host.name);
    return new Receiver(host, cgroup, `${await lab.bpffs()}/${host.name}`);
  }

  /** The command line of a toactl verb, as an operator would type it. */
  argv(...args: string[]): string[] {
    return [toactlBinary, ...args, '--pin', this.pinDir];
  }

  async load(...trust: string[]): Promise<void> {
    const options = trust.flatMap((cidr) => ['--trust', cidr]);
    await this.host.run(this.argv('load', '--cgroup', this.cgroup, ...options));
  }

  async unload(): Promise<void> {
    await this.host.run(this.argv('unload'));
  }

  async status(): Promise<string> {
    return (await this.host.run(this.argv('status'))).stdout;
  }
}
