// Says how to compile and link against libbpf: `node libbpf.mjs cflags|libs`,
// run by binding.gyp in this folder. A static libbpf is preferred, so that the
// addon does not depend on which libbpf.so a host has. LIBBPF_DIR names a
// prefix to use instead of the system's (include/bpf, lib or lib64).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const outDir = join(here, 'build');
const prefix = process.env.LIBBPF_DIR;
const cc = process.env.CC ?? 'cc';

function run(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}

function fail(message) {
  process.stderr.write(`clearnat: ${message}\n`);
  process.exit(1);
}

function includeDir() {
  if (prefix) return join(prefix, 'include');
  return run('pkg-config', ['--variable=includedir', 'libbpf']) || '/usr/include';
}

function checkVersion(include) {
  const header = join(include, 'bpf', 'libbpf_version.h');
  const wanted = 'libbpf 1.0 or newer is needed (Debian, Ubuntu: apt install libbpf-dev; or set LIBBPF_DIR)';
  if (!existsSync(header)) fail(`${header} not found: ${wanted}`);
  const major = /LIBBPF_MAJOR_VERSION (\d+)/.exec(readFileSync(header, 'utf8'))?.[1] ?? '0';
  if (Number(major) < 1) fail(`${header} is of libbpf ${major}.x: ${wanted}`);
}

function staticLibrary() {
  const multiarch = run(cc, ['-print-multiarch']);
  const root = prefix ?? '/usr';
  const dirs = [join(root, 'lib64'), join(root, 'lib')];
  if (!prefix && multiarch) dirs.unshift(join('/usr/lib', multiarch));
  return dirs.map((dir) => join(dir, 'libbpf.a')).find((path) => existsSync(path));
}

// Distributions build libbpf.a for executables; the one thing in it that a
// shared object cannot take is the address of stderr. It is renamed to a
// variable of ours (log.c).
function relocatable(archive) {
  const copy = join(outDir, 'libbpf.a');
  const probe = join(outDir, 'libbpf-probe.so');
  const stub = join(outDir, 'libbpf-probe.c');
  mkdirSync(outDir, { recursive: true });
  writeFileSync(stub, '__attribute__((visibility("hidden"))) void *clearnat_stderr;\n');
  if (run('objcopy', ['--redefine-sym', 'stderr=clearnat_stderr', archive, copy]) === null) return null;
  const linked = run(cc, [
    '-shared', '-fPIC', '-o', probe, '-xc', stub, '-xnone',
    '-Wl,--whole-archive', copy, '-Wl,--no-whole-archive', '-lelf', '-lz',
  ]);
  for (const path of [probe, stub]) rmSync(path, { force: true });
  return linked === null ? null : copy;
}

function libs() {
  const archive = staticLibrary();
  const copy = archive && relocatable(archive);
  if (copy) return [copy, '-lelf', '-lz'];
  if (prefix) return [`-L${join(prefix, 'lib')}`, `-L${join(prefix, 'lib64')}`, `-Wl,-rpath,${join(prefix, 'lib')}`, '-lbpf', '-lelf', '-lz'];
  return (run('pkg-config', ['--libs', 'libbpf']) ?? '-lbpf').split(/\s+/).concat(['-lelf', '-lz']);
}

const include = includeDir();
checkVersion(include);
const answers = { cflags: () => (include === '/usr/include' ? [] : [`-I${include}`]), libs };
const answer = answers[process.argv[2]];
if (!answer) fail(`usage: node libbpf.mjs cflags|libs (got ${process.argv[2]})`);
process.stdout.write(`${answer().join(' ')}\n`);
