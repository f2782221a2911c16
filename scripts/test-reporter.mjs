// SPDX-License-Identifier: Apache-2.0
// How scripts/test shows a run of node:test: a line per test, errors in full,
// skips with their reason. Counts go to the file CLEARNAT_COUNTS names.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

function save() {
  const { passed, failed, skipped } = counts;
  const file = process.env.CLEARNAT_COUNTS;
  if (file) writeFileSync(file, `${passed} ${failed} ${skipped}\n`);
}

function place(data) {
  return data.file ? ` (${relative(process.cwd(), data.file)}:${data.line ?? 0})` : '';
}

function describe(error) {
  if (!error) return 'no error given';
  const cause = error.cause ?? error;
  const text = cause?.stack ?? cause?.message ?? String(cause);
  return typeof cause === 'object' && cause !== null && 'expected' in cause
    ? `${text}\n    expected: ${inspect(cause.expected)}\n    actual:   ${inspect(cause.actual)}`
    : text;
}

function inspect(value) {
  return typeof value === 'string' ? JSON.stringify(value).slice(0, 2000) : String(value);
}

function line(word, data, rest = '') {
  const ms = Math.round(data.details?.duration_ms ?? 0);
  const time = ms >= 1000 ? ` [${(ms / 1000).toFixed(1)} s]` : '';
  return `${word.padEnd(5)} ${'  '.repeat(data.nesting)}${data.name}${time}${rest}\n`;
}

function* ended(ok, data) {
  const isSuite = data.details?.type === 'suite';
  const excuse = data.skip ?? data.todo;
  if (excuse !== undefined && excuse !== false) {
    if (!isSuite) counts.skipped += 1;
    yield line(
      'skip',
      data,
      ` # ${typeof excuse === 'string' && excuse ? excuse : 'no reason given'}`,
    );
    return;
  }
  if (ok) {
    if (!isSuite) counts.passed += 1;
    yield line('ok', data);
    return;
  }
  const error = data.details?.error;
  // A parent that failed because of its children says nothing new.
  const echo = error?.failureType === 'subtestsFailed';
  if (!isSuite || !echo) counts.failed += 1;
  yield line('FAIL', data, echo ? '' : place(data));
  if (!echo) {
    const text = describe(error)
      .split('\n')
      .map((l) => `      | ${l}`)
      .join('\n');
    failures.push(`${data.name}${place(data)}\n${text}\n`);
    yield `${text}\n`;
  }
}

async function* reporter(source) {
  save();
  for await (const { type, data } of source) {
    if (type === 'test:pass') yield* ended(true, data);
    else if (type === 'test:fail') yield* ended(false, data);
    else if (type === 'test:stderr') yield data.message.replace(/^(?=.)/gm, '      : ');
    save();
  }
  if (failures.length > 0) yield `\nFailed:\n${failures.map((f) => `* ${f}`).join('')}`;
}

// biome-ignore lint/style/noDefaultExport: node:test takes a reporter from a default export
export { reporter as default };
