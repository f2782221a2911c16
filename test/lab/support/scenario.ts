// What most gateway tests start from: the topology, nginx and Python on both
// backends inside receivers' cgroups, and a running gateway with one listener
// for each kind of server.
//
//   VIP port 80    nginx on both backends, 1:1          port 81   Python, 1:1
//   VIP port 8011  backend1's nginx alone               port 8012 backend2's
//   VIP port 8021  backend1's Python alone              port 8022 backend2's
//   VIP port 90    nginx, backend1 : backend2 = 1 : 3
import { Gateway } from './gateway.js';
import type { ListenerSpec } from './gateway-config.js';
import { Receiver } from './receiver.js';
import { type LogEntry, type Server, startNginx, startPython } from './servers.js';
import { addresses, Topology } from './topology.js';

export const nginxPort = 8080;
export const pythonPort = 8081;
const names = ['backend1', 'backend2'] as const;
export type BackendName = (typeof names)[number];

export interface Backend {
  receiver: Receiver;
  nginx: Server;
  python: Server;
}

export interface Scenario {
  lab: Topology;
  backends: Record<BackendName, Backend>;
  gateway: Gateway;
  /** Access log lines of both servers of a kind. */
  entries(kind: 'nginx' | 'python'): LogEntry[];
  destroy(): Promise<void>;
}

export interface ScenarioOptions {
  /** Whom the receivers trust; default: the SNAT addresses. */
  trust?: string[];
  /** Leave starting the gateway to the test. */
  stopped?: boolean;
}

function member(name: BackendName, port: number, weight = 1) {
  return { name, address: addresses[name].v4, port, weight };
}

const listeners: ListenerSpec[] = [
  { name: 'nginx', port: 80, members: names.map((name) => member(name, nginxPort)) },
  { name: 'python', port: 81, members: names.map((name) => member(name, pythonPort)) },
  { name: 'nginx1', port: 8011, members: [member('backend1', nginxPort)] },
  { name: 'nginx2', port: 8012, members: [member('backend2', nginxPort)] },
  { name: 'python1', port: 8021, members: [member('backend1', pythonPort)] },
  { name: 'python2', port: 8022, members: [member('backend2', pythonPort)] },
  {
    name: 'weighted',
    port: 90,
    members: [member('backend1', nginxPort, 1), member('backend2', nginxPort, 3)],
  },
];

async function startBackend(lab: Topology, name: BackendName, trust: string[]): Promise<Backend> {
  const host = lab.hosts[name];
  const receiver = await Receiver.prepare(lab, host);
  await receiver.load(...trust);
  // One backend listens on all IPv4 addresses, the other on a dual-stack socket.
  const pythonAddress = name === 'backend1' ? '0.0.0.0' : '::';
  const [nginx, python] = await Promise.all([
    startNginx(host, nginxPort, receiver.cgroup),
    startPython(host, pythonPort, pythonAddress, receiver.cgroup),
  ]);
  return { receiver, nginx, python };
}

export async function startScenario(options: ScenarioOptions = {}): Promise<Scenario> {
  const lab = await Topology.create();
  try {
    const trust = options.trust ?? [`${addresses.snat4[0]}/31`];
    const [backend1, backend2] = await Promise.all(
      names.map((name) => startBackend(lab, name, trust)),
    );
    if (backend1 === undefined || backend2 === undefined) throw new Error('no backends');
    const backends = { backend1, backend2 };
    const gateway = await Gateway.prepare(lab, { listeners });
    if (!options.stopped) await gateway.start();
    return {
      lab,
      backends,
      gateway,
      entries: (kind) => names.flatMap((name) => backends[name][kind].entries()),
      destroy: () => lab.destroy(),
    };
  } catch (error) {
    process.stderr.write(`${lab.log.tail()}\n`);
    await lab.destroy();
    throw error;
  }
}
