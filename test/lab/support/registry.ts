// What a lab has made, written down before it is made, so that the next run can
// clean up after one that was killed. One JSON file per lab.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run } from './run.js';
import { sleep } from './wait.js';

const registryDir = '/run/clearnat-lab';

export interface LabRecord {
  name: string;
  /** Owner; 0: nobody's, left up on purpose. */
  pid: number;
  /** Start time of the owner in ticks: process ids are reused. */
  startTime: string;
  /** Everything below is removed, mounts first. */
  dir: string;
  namespaces: string[];
  cgroups: string[];
}

/** Field 22 of /proc/PID/stat, or null when there is no such process. */
export function processStartTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

export function recordPath(name: string): string {
  return join(registryDir, `${name}.json`);
}

export function writeRecord(record: LabRecord): void {
  mkdirSync(registryDir, { recursive: true });
  writeFileSync(recordPath(record.name), `${JSON.stringify(record, null, 2)}\n`);
}

export function readRecord(name: string): LabRecord | null {
  const path = recordPath(name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as LabRecord) : null;
}

/** Pids inside a recorded namespace: only what the lab itself has started there. */
async function namespacePids(name: string): Promise<number[]> {
  if (!existsSync(`/run/netns/${name}`)) return [];
  const { stdout } = await run(['ip', 'netns', 'pids', name], { allowFailure: true });
  return stdout.split('\n').filter(Boolean).map(Number);
}

async function removeCgroup(path: string): Promise<void> {
  for (let attempt = 0; existsSync(path); attempt++) {
    try {
      rmdirSync(path);
    } catch (error) {
      // EBUSY while a killed process is still being reaped.
      if (attempt >= 100) throw error;
      await sleep(20);
    }
  }
}

async function unmountBelow(dir: string): Promise<void> {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point === dir || point.startsWith(`${dir}/`))
    .reverse();
  for (const point of points) await run(['umount', '-l', point], { allowFailure: true });
}

/** Removes everything a record names. Safe to repeat, also half way through. */
export async function destroy(record: LabRecord): Promise<void> {
  for (const namespace of record.namespaces) {
    for (const pid of await namespacePids(namespace)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone meanwhile
      }
    }
  }
  for (const cgroup of record.cgroups) await removeCgroup(cgroup);
  await unmountBelow(record.dir);
  for (const namespace of record.namespaces) {
    if (existsSync(`/run/netns/${namespace}`)) await run(['ip', 'netns', 'delete', namespace]);
  }
  rmSync(record.dir, { recursive: true, force: true });
  rmSync(recordPath(record.name), { force: true });
}

/** Removes the labs of processes that are no more. */
export async function sweep(): Promise<void> {
  if (!existsSync(registryDir)) return;
  for (const file of readdirSync(registryDir)) {
    const record = readRecord(file.replace(/\.json$/, ''));
    if (record === null || record.pid === 0) continue;
    if (processStartTime(record.pid) !== record.startTime) await destroy(record);
  }
}
