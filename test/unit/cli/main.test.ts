import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { clearnat, node } from './support.js';

const VERBS = ['run', 'check', 'list', 'stats', 'conns', 'reload'];

describe('clearnat', () => {
  it('tells its version', async () => {
    const file = new URL('../../../../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    assert.deepEqual(await clearnat('--version'), {
      status: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  it('lists its verbs', async () => {
    const { status, stdout } = await clearnat('--help');
    assert.equal(status, 0);
    for (const verb of VERBS) assert.match(stdout, new RegExp(`^ {2}${verb}\\b`, 'm'));
  });

  for (const verb of VERBS) {
    it(`${verb} --help has an example`, async () => {
      const { status, stdout } = await clearnat(verb, '--help');
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`\\nExamples?:\\n {2}\\$ clearnat ${verb}\\b`));
    });
  }

  for (const [args, expected] of [
    [['lst'], /unknown command 'lst'\n\(Did you mean list\?\)/],
    [['list', '-o', 'xml'], /Allowed choices are table, json, yaml/],
    [['list', '--colour'], /unknown option '--colour'/],
    [['check'], /missing required argument 'file'/],
    [['conns', '--limit', '0'], /Expected a positive integer/],
    [['run', '--log-level', 'loud'], /Allowed choices are fatal/],
    [[], /Usage: clearnat/],
  ] as const) {
    it(`${JSON.stringify(args)} is wrong usage`, async () => {
      const { status, stdout, stderr } = await clearnat(...args);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, expected);
    });
  }

  it('says so when no daemon runs', async () => {
    for (const verb of ['list', 'stats', 'conns', 'reload']) {
      assert.deepEqual(await clearnat(verb, '--socket', '/nonexistent/api.sock'), {
        status: 1,
        stdout: '',
        stderr:
          'clearnat is not running: no socket at /nonexistent/api.sock (start it with `clearnat run --config FILE`)\n',
      });
    }
  });

  it('loads only commander to ask a running daemon', () => {
    for (const verb of ['list', 'stats', 'conns', 'reload']) {
      const packages = new Set([...packagesOf('main.js'), ...packagesOf(`verbs/${verb}.js`)]);
      assert.deepEqual([...packages], ['commander'], verb);
    }
  });

  it('starts within 150 ms', async () => {
    const ours: number[] = [];
    const bare: number[] = [];
    for (let i = 0; i < 8; i++) {
      bare.push(await timed(() => node('-e', '0')));
      ours.push(await timed(() => clearnat('list', '--socket', '/nonexistent')));
    }
    // The best of them: other work on the machine is not ours. Where Node.js alone
    // takes more than its usual 50 ms, the machine is slow or busy by that factor.
    const limit = 150 * Math.max(1, Math.min(...bare) / 50);
    assert.ok(Math.min(...ours) < limit, `took ${Math.min(...ours)} of ${limit} ms`);
  });
});

async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** Packages that a module loads before anything is awaited. */
function packagesOf(file: string): Set<string> {
  const packages = new Set<string>();
  const todo = [new URL(`../../../src/cli/${file}`, import.meta.url)];
  const seen = new Set<string>();
  for (let url = todo.pop(); url !== undefined; url = todo.pop()) {
    if (seen.has(url.href)) continue;
    seen.add(url.href);
    const source = readFileSync(url, 'utf8');
    for (const [, name = ''] of source.matchAll(/^(?:import|export) (?:.* from )?'([^']+)';/gm)) {
      if (name.startsWith('.')) todo.push(new URL(name, url));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  }
  return packages;
}
