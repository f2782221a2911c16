// Pings from a fresh environment and reports how, for probe.test.ts.
import { readdirSync, readlinkSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { addon } from '../../../src/native/index.js';
import { sh } from './support.js';

const BURST = 2000;

async function outcome(address: string, timeoutMs: number): Promise<string> {
  try {
    await addon.ping(address, timeoutMs);
    return `${address} ok`;
  } catch (error) {
    return `${address} ${(error as { code: string }).code}`;
  }
}

/** Whether this process has a raw ICMP socket open. */
function hasRawSocket(): boolean {
  const mine = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  const inodes = sh('cat /proc/net/raw')
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[9]);
  return inodes.some((inode) => mine.includes(`socket:[${inode}]`));
}

const results: string[] = [];
for (const address of ['127.0.0.1', '::1', '10.77.0.1', '2001:db8:77::1']) {
  results.push(await outcome(address, 1000));
}
for (const address of ['10.77.0.99', '2001:db8:77::99', '10.66.0.1']) {
  results.push(await outcome(address, 50));
}
const burst = await Promise.allSettled(
  Array.from({ length: BURST }, (_, i) => addon.ping(i % 2 ? '127.0.0.1' : '::1', 5000)),
);
results.push(`${burst.filter(({ status }) => status === 'fulfilled').length} ok`);
parentPort?.postMessage({ raw: hasRawSocket(), results });
