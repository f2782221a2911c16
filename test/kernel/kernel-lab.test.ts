// Boots real kernels and runs the suites of test/kernel/suites in them; and makes
// sure that the lab notices when a guest goes wrong.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const script = join(root, 'scripts/kernel-lab');
const kernels = (process.env.CLEARNAT_KERNELS ?? '5.10 6.1 newest').split(' ');
const suites = ['smoke', 'load', 'receiver', 'gateway'];

interface Result {
  suite: string;
  kernel: string;
  passed: boolean;
  reason: string;
  seconds: number;
  checks: { name: string; state: string; detail: string }[];
}

const scratch = mkdtempSync(join(tmpdir(), 'clearnat-kernel-'));
after(() => rmSync(scratch, { recursive: true }));

function run(kernel: string, suite: string, ...more: string[]): Result {
  const json = join(scratch, 'result.json');
  rmSync(json, { force: true });
  const args = ['run', '--kernel', kernel, '--suite', suite, '--json', json, ...more];
  const { status, stderr, stdout } = spawnSync(script, args, { encoding: 'utf8' });
  if (status === null || status > 1) throw new Error(`kernel-lab ended with ${status}: ${stderr}`);
  const [result] = JSON.parse(readFileSync(json, 'utf8')) as Result[];
  if (result === undefined) throw new Error(`kernel-lab gave no result: ${stdout}`);
  if (!result.passed) process.stderr.write(stderr);
  return result;
}

for (const kernel of kernels) {
  describe(`Linux ${kernel}`, () => {
    for (const suite of suites) {
      test(suite, (t) => {
        const result = run(kernel, suite);
        assert.equal(result.reason, '');
        assert.equal(result.passed, true);
        const skipped = result.checks.filter((check) => check.state === 'skip');
        const counts = `${result.checks.length - skipped.length} checks on ${result.kernel}`;
        t.diagnostic(`${counts}, ${Math.round(result.seconds)} s`);
        for (const check of skipped) t.diagnostic(`left out: ${check.name}: ${check.detail}`);
      });
    }
  });
}

describe('the lab fails a guest that', () => {
  const modes = {
    panic: /^kernel splat: .*sysrq/i,
    warning: /^kernel splat: .*WARNING/,
    silent: /^guest ended without an exit line$/,
    hang: /^no end after/,
    status: /^exit status 3$/,
  };
  const words: Record<string, string> = {
    panic: 'panics',
    warning: 'prints a warning',
    silent: 'switches off without an exit line',
    hang: 'does not end',
    status: 'ends with another status',
  };
  for (const [mode, reason] of Object.entries(modes)) {
    test(words[mode] ?? mode, () => {
      const result = run(kernels[0] ?? 'newest', '_panic', '--set', `MODE=${mode}`);
      assert.equal(result.passed, false);
      assert.match(result.reason, reason);
    });
  }
});
