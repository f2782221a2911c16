// The receiver against the real kernel. The cases are in support/toa-probe, a C
// program that the kernel lab runs too; each becomes a test here.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, suite, type TestContext, test } from 'node:test';
import { requireBuilt, root, toactlBinary } from './support/paths.js';
import { run } from './support/run.js';

const probe = join(root, 'dist/toa-probe');

interface CaseResult {
  name: string;
  failure: string | undefined;
  skip: string | undefined;
}

/** `ok NAME`, `ok NAME # SKIP reason` or `not ok NAME reason`. */
function parseLine(line: string): CaseResult | undefined {
  const match = /^(ok|not ok) (\S+)(?: (.*))?$/.exec(line);
  if (match === null) return undefined;
  const [, verdict, name = '', rest = ''] = match;
  return {
    name,
    failure: verdict === 'ok' ? undefined : rest || 'failed',
    skip: rest.startsWith('# SKIP ') ? rest.slice('# SKIP '.length) : undefined,
  };
}

async function report(t: TestContext, result: CaseResult): Promise<void> {
  await t.test(result.name, (inner) => {
    if (result.skip !== undefined) inner.skip(result.skip);
    if (result.failure !== undefined) throw new Error(result.failure);
  });
}

suite('receiver', () => {
  before(async () => {
    requireBuilt(toactlBinary);
    await run(['make', '-s', '-C', join(root, 'test/lab/support/toa-probe')], {
      timeoutMs: 120_000,
    });
  });

  test('eBPF receiver', { timeout: 300_000 }, async (t) => {
    const child = spawn(probe, ['--toactl', toactlBinary], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    t.signal.addEventListener('abort', () => child.kill('SIGTERM'));
    let summary = '';
    for await (const line of createInterface({ input: child.stdout })) {
      const result = parseLine(line);
      if (result === undefined) summary = line;
      else await report(t, result);
    }
    const status = await ended;
    if (!summary.startsWith('toa-probe: ')) {
      throw new Error(`toa-probe ended early with status ${status}: ${summary}`);
    }
  });
});
