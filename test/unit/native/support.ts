// For the addon's tests: what they need, and where they run.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addon } from '../../../src/native/index.js';

const fixtures = fileURLToPath(new URL('../../../../test/unit/native/fixtures/', import.meta.url));
const multiarch = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as string];

function whyNoBpf(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  if (spawnSync('clang', ['--version']).status !== 0) return 'needs clang';
  try {
    addon.createMap(MapType.array, 4, 4, 1, 0).close();
    return false;
  } catch (error) {
    return `bpf() is refused here: ${(error as Error).message}`;
  }
}

export const MapType = { hash: 1, array: 2, percpuArray: 6, lru: 9, percpuHash: 5, lpm: 11 };

/** A reason to skip tests that load BPF, or false. */
export const noBpf = whyNoBpf();

/** A reason to skip tests that need a network namespace of their own, or false. */
export const noNamespace: string | false =
  process.env.CLEARNAT_IN_NAMESPACE === undefined ? 'needs root and unshare' : false;

/** A suite, or one skipped test with the reason: node:test does not count skipped suites. */
export function suiteUnless(reason: string | false, name: string, body: () => void): void {
  if (reason) it(name, { skip: reason }, () => {});
  else describe(name, body);
}

/** Waits until check is true. */
export async function until(check: () => boolean, what: string, timeoutMs = 3000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!check()) {
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function sh(script: string, input = ''): string {
  return execFileSync('sh', ['-ec', script], { encoding: 'utf8', input });
}

/** Little-endian 32-bit words, back to back. */
export function words(...values: number[]): Buffer {
  const out = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    out.writeUInt32LE(value, 4 * i);
  });
  return out;
}

/** A directory that is removed when the process ends. */
export function scratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'clearnat-native-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Compiles fixtures/NAME.bpf.c and returns the object's path. */
export function compile(name: string): string {
  const out = join(scratchDir(), `${name}.bpf.o`);
  const include = multiarch ? ['-idirafter', `/usr/include/${multiarch}`] : [];
  const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v2', '-Wall', '-Werror', ...include];
  execFileSync('clang', [...flags, '-c', join(fixtures, `${name}.bpf.c`), '-o', out]);
  return out;
}

/**
 * Runs the calling test file again in its own network and mount namespace and
 * ends this process with its status; returns there, and where namespaces
 * cannot be made (noNamespace says so then).
 */
export function enterNamespace(file: string): void {
  if (process.env.CLEARNAT_IN_NAMESPACE !== undefined || process.getuid?.() !== 0) return;
  const unshare = ['--net', '--mount', '--propagation', 'private'];
  if (spawnSync('unshare', [...unshare, 'true']).status !== 0) return;
  const script = 'ip link set lo up && exec "$@"';
  const node = [
    process.execPath,
    ...process.execArgv,
    fileURLToPath(file),
    ...process.argv.slice(2),
  ];
  const child = spawnSync('unshare', [...unshare, 'sh', '-c', script, 'sh', ...node], {
    stdio: 'inherit',
    env: { ...process.env, CLEARNAT_IN_NAMESPACE: '1' },
  });
  process.exit(child.status ?? 1);
}
