// toactl's arguments, messages, exit statuses and what it leaves in the kernel.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { requireBuilt, toactlBinary } from './support/paths.js';
import { run } from './support/run.js';
import { waitFor } from './support/wait.js';

const name = `clearnat-toactl-${process.pid}`;
const pin = `/sys/fs/bpf/${name}`;
let cgroup = '';

const toactl = (...args: string[]) =>
  run([toactlBinary, ...args, '--pin', pin], { allowFailure: true });

interface Status {
  loaded: boolean;
  attached: boolean;
  cgroup: string;
  kinds: number[];
  trust_any: boolean;
  trust: string[];
  counters: Record<string, number>;
}

async function status(): Promise<Status> {
  return JSON.parse((await toactl('status', '-o', 'json')).stdout) as Status;
}

function cgroup2Mount(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const path = mounts.map((line) => line.split(' ')).find((fields) => fields[2] === 'cgroup2')?.[1];
  if (path === undefined) throw new Error('no cgroup2 hierarchy is mounted');
  return path;
}

suite('toactl', () => {
  before(() => {
    requireBuilt(toactlBinary);
    cgroup = join(cgroup2Mount(), name);
    mkdirSync(cgroup);
  });

  after(async () => {
    await toactl('unload');
    if (existsSync(cgroup)) rmdirSync(cgroup);
  });

  const wrong: [title: string, args: string[], message: RegExp][] = [
    ['load without trust', ['load'], /--trust CIDR \(repeated\), or --trust-any/],
    ['load with both', ['load', '--trust', '10.0.0.0/8', '--trust-any'], /exclude each other/],
    [
      'no address',
      ['load', '--trust', '10.0.300.0'],
      /expected an address or a CIDR.*'10\.0\.300\.0'/,
    ],
    ['long prefix', ['load', '--trust', '10.0.0.0/33'], /length of 0 to 32, got '10\.0\.0\.0\/33'/],
    ['long prefix, IPv6', ['load', '--trust', '2001:db8::/129'], /0 to 128, got '2001:db8::\/129'/],
    ['empty prefix', ['load', '--trust', '10.0.0.0/'], /length of 0 to 32, got '10\.0\.0\.0\/'/],
    [
      'host bits',
      ['load', '--trust', '10.0.1.5/24'],
      /did you mean 10\.0\.1\.0\/24\?, got '10\.0\.1\.5\/24'/,
    ],
    ['unknown kind', ['load', '--trust-any', '--kind', '252'], /254, 200, 253 or 28, got '252'/],
    ['kind of letters', ['load', '--trust-any', '--kind', 'x'], /254, 200, 253 or 28, got 'x'/],
    ['unknown verb', ['reload'], /expected load, unload, status or trust, got 'reload'/],
    ['unknown option', ['load', '--trusted'], /--trusted/],
    ['option of another verb', ['status', '--trust-any'], /'status' takes no --trust/],
    [
      'loose word',
      ['load', '--trust', '10.0.0.0/8', '10.1.0.0/16'],
      /unexpected argument '10\.1\.0\.0\/16'/,
    ],
    ['unknown output', ['status', '-o', 'xml'], /expected table or json, got 'xml'/],
    ['trust without verb', ['trust'], /list, add CIDR\.\.\. or remove CIDR\.\.\., got ''/],
    ['trust add, bad word', ['trust', 'add', '10.0.0.0/8', 'ten'], /trust add: .*, got 'ten'/],
  ];
  for (const [title, args, message] of wrong) {
    test(`usage error: ${title}`, async () => {
      const result = await toactl(...args);
      assert.equal(result.status, 2, result.stderr);
      assert.match(result.stderr, message);
      assert.equal(existsSync(pin), false);
    });
  }

  test('failures name what failed', async () => {
    const missing = await toactl('load', '--trust-any', '--cgroup', '/nowhere');
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /--cgroup '\/nowhere': No such file or directory/);
    const elsewhere = await run([toactlBinary, 'load', '--trust-any', '--pin', '/tmp/x'], {
      allowFailure: true,
    });
    assert.equal(elsewhere.status, 1);
    assert.match(elsewhere.stderr, /'\/tmp\/x' is not in a bpffs/);
    assert.equal((await toactl('trust', 'list')).status, 1);
    assert.equal((await toactl('trust', 'add', '10.0.0.0/8')).status, 1);
  });

  test('--help and --version', async () => {
    const help = await run([toactlBinary, '--help']);
    assert.match(help.stdout, /Examples:/);
    assert.match((await run([toactlBinary, '--version'])).stdout, /^toactl \d+\.\d+\.\d+\n$/);
  });

  test('status without a receiver', async () => {
    const table = await toactl('status');
    assert.equal(table.status, 1);
    assert.match(table.stdout, /not loaded/);
    assert.deepEqual(JSON.parse((await toactl('status', '-o', 'json')).stdout), { loaded: false });
  });

  test('load, update, unload', async () => {
    const trust = ['--trust', '10.0.1.240/28', '--trust', '2001:db8::/64', '--trust', '192.0.2.1'];
    const loaded = await toactl('load', '--cgroup', cgroup, ...trust, '--kind', '254');
    assert.equal(loaded.status, 0, loaded.stderr);
    const first = await status();
    assert.equal(first.attached, true);
    assert.equal(first.cgroup, cgroup);
    assert.deepEqual(first.kinds, [254]);
    assert.equal(first.trust_any, false);
    assert.deepEqual(first.trust.sort(), ['10.0.1.240/28', '192.0.2.1/32', '2001:db8::/64']);
    assert.deepEqual(Object.values(first.counters), [0, 0, 0, 0, 0, 0, 0]);

    const updated = await toactl('load', '--trust-any');
    assert.match(updated.stdout, /^updated: /);
    const second = await status();
    assert.deepEqual(second.kinds, [254, 200, 253, 28]);
    assert.equal(second.trust_any, true);
    assert.deepEqual(second.trust, []);
    assert.deepEqual(
      readdirSync(pin).filter((entry) => entry.endsWith('_new')),
      [],
    );

    const moved = await toactl('load', '--trust-any', '--cgroup', cgroup2Mount());
    assert.equal(moved.status, 1);
    assert.match(moved.stderr, /loaded for another cgroup/);

    assert.match((await toactl('unload')).stdout, /^unloaded/);
    assert.equal(existsSync(pin), false);
    assert.equal((await toactl('unload')).status, 0);
  });

  test('trust add, remove, list', async () => {
    await toactl('load', '--cgroup', cgroup, '--trust', '10.0.0.0/8');
    assert.equal((await toactl('trust', 'add', '192.0.2.0/24', '::1')).status, 0);
    const list = (await toactl('trust', 'list')).stdout.trimEnd().split('\n').sort();
    assert.deepEqual(list, ['10.0.0.0/8', '192.0.2.0/24', '::1/128']);
    assert.equal((await toactl('trust', 'remove', '10.0.0.0/8')).status, 0);
    const again = await toactl('trust', 'remove', '10.0.0.0/8');
    assert.equal(again.status, 1);
    assert.match(again.stderr, /'10\.0\.0\.0\/8' is not in the trust list/);
    const json = JSON.parse((await toactl('trust', 'list', '-o', 'json')).stdout) as string[];
    assert.deepEqual(json.sort(), ['192.0.2.0/24', '::1/128']);
    await toactl('unload');
  });

  test('a removed cgroup is noticed, and the next load attaches anew', async () => {
    await toactl('load', '--cgroup', cgroup, '--trust', '10.0.0.0/8');
    rmdirSync(cgroup);
    await waitFor('the link to lose its cgroup', 5_000, async () => !(await status()).attached);
    assert.equal((await toactl('status')).status, 1);
    assert.match((await toactl('status')).stdout, /DETACHED/);
    mkdirSync(cgroup);
    assert.equal((await toactl('load', '--trust', '10.0.0.0/8')).status, 0);
    assert.equal((await status()).attached, true);
    await toactl('unload');
  });
});
