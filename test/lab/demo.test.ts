// The README's first command, after setup and build.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

test('the demo shows real client addresses and ends with its line', { timeout: 120_000 }, () => {
  const demo = join(import.meta.dirname, 'demo/main.js');
  const printed = execFileSync(process.execPath, [demo], { encoding: 'utf8', timeout: 110_000 });
  assert.match(printed, /^demo: ok: \d+ requests through FullNAT/m);
});
