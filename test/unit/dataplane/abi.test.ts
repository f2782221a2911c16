// The layouts TypeScript uses, the C compiler's and the loaded object's BTF are one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as abi from '../../../src/dataplane/abi.js';
import type { Layout } from '../../../src/dataplane/codec.js';
import { DEFAULT_OBJECT } from '../../../src/dataplane/dataplane.js';

const root = join(import.meta.dirname, '../../../..');
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

const layouts = Object.entries(abi as unknown as Record<string, Layout>).filter(
  ([, value]) => typeof value === 'object' && 'fields' in value,
);

test('abi.ts is what gen-abi makes of shared.h', () => {
  execFileSync('node', ['scripts/gen-abi.mjs', '--check'], { cwd: root, env });
});

test('the C compiler agrees on every size and offset', () => {
  const lines = layouts.flatMap(([name, layout]) => [
    `  printf("${name} %zu\\n", sizeof(struct ${name}));`,
    ...Object.keys(layout.fields).map(
      (field) => `  printf("${name}.${field} %zu\\n", offsetof(struct ${name}, ${field}));`,
    ),
  ]);
  const source = `#include <stddef.h>\n#include <stdio.h>\n#include "shared.h"\nint main(void) {\n${lines.join('\n')}\n}\n`;
  const directory = mkdtempSync(join(tmpdir(), 'clearnat-layout-'));
  try {
    writeFileSync(join(directory, 'layout.c'), source);
    execFileSync('gcc', [
      '-I',
      join(root, 'bpf'),
      '-o',
      join(directory, 'layout'),
      join(directory, 'layout.c'),
    ]);
    const printed = execFileSync(join(directory, 'layout'), { encoding: 'utf8' }).trim();
    const expected = layouts.flatMap(([name, layout]) => [
      `${name} ${layout.size}`,
      ...Object.entries(layout.fields).map(([field, { offset }]) => `${name}.${field} ${offset}`),
    ]);
    assert.deepEqual(printed.split('\n'), expected);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

interface BtfType {
  id: number;
  kind: string;
  name: string;
  size?: number;
  members?: { name: string; bits_offset: number }[];
}

test("the loaded object's BTF agrees on every structure it has", () => {
  const text = execFileSync('bpftool', ['btf', 'dump', 'file', DEFAULT_OBJECT, '-j'], {
    encoding: 'utf8',
    env,
  });
  const types = (JSON.parse(text) as { types: BtfType[] }).types;
  const seen: string[] = [];
  for (const [name, layout] of layouts) {
    const type = types.find((t) => t.kind === 'STRUCT' && t.name === name);
    if (!type) continue;
    seen.push(name);
    assert.equal(type.size, layout.size, `size of ${name}`);
    for (const [field, { offset }] of Object.entries(layout.fields)) {
      const member: { bits_offset: number } | undefined = type.members?.find(
        (m) => m.name === field,
      );
      assert.equal((member?.bits_offset ?? -8) / 8, offset, `${name}.${field}`);
    }
  }
  for (const name of [
    'flow4',
    'flow4_key',
    'listener',
    'pool',
    'member',
    'dest',
    'snat_chunk',
    'globals',
  ])
    assert.ok(seen.includes(name), `${name} is missing from the object`);
});
