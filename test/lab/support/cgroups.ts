// A cgroup of its own for each backend: the receiver is loaded into it, so that
// only that backend's servers see client addresses.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeRecord } from './registry.js';
import { run } from './run.js';
import type { Topology } from './topology.js';

/** The cgroup2 hierarchy, mounted inside the lab's directory where the system has none. */
async function cgroup2Mount(lab: Topology): Promise<string> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const found = mounts.map((line) => line.split(' ')).find((fields) => fields[2] === 'cgroup2');
  if (found?.[1] !== undefined) return found[1];
  const path = join(lab.dir, 'cgroup2');
  mkdirSync(path);
  await run(['mount', '-t', 'cgroup2', 'none', path]);
  return path;
}

/** Makes the cgroup; it goes away with the lab. */
export async function createCgroup(lab: Topology, name: string): Promise<string> {
  const path = join(await cgroup2Mount(lab), `${lab.record.name}-${name}`);
  lab.record.cgroups.push(path);
  writeRecord(lab.record);
  mkdirSync(path, { recursive: true });
  return path;
}
