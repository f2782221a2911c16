// What the demo runs: the lab's network, two ordinary web servers, the gateway.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Gateway } from '../support/gateway.js';
import { Receiver } from '../support/receiver.js';
import { type Server, startPlainNginx, startPlainPython } from '../support/servers.js';
import { addresses, Topology } from '../support/topology.js';

export const labName = 'demo';
export const port = 8080;

export interface DemoLab {
  lab: Topology;
  receivers: { backend1: Receiver; backend2: Receiver };
  nginx: Server;
  python: Server;
  gateway: Gateway;
}

export const trust = `${addresses.snat4[0]}/31`;

/** Everything but the receivers' and the gateway's start. */
export async function buildLab(): Promise<DemoLab> {
  const lab = await Topology.create({ name: labName });
  try {
    const { backend1, backend2 } = lab.hosts;
    const receivers = {
      backend1: await Receiver.prepare(lab, backend1),
      backend2: await Receiver.prepare(lab, backend2),
    };
    const nginx = await startPlainNginx(backend1, port, receivers.backend1.cgroup);
    const python = await startPlainPython(backend2, port, receivers.backend2.cgroup);
    writeFileSync(join(nginx.documents, 'index.html'), 'nginx on backend1\n');
    writeFileSync(join(python.documents, 'index.html'), 'Python on backend2\n');
    const members = (['backend1', 'backend2'] as const).map((name) => ({
      name,
      address: addresses[name].v4,
      port,
    }));
    const gateway = await Gateway.prepare(lab, { listeners: [{ name: 'web', port: 80, members }] });
    return { lab, receivers, nginx, python, gateway };
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}
