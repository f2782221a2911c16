// Random and mutated configuration texts for the property tests.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { stringify } from 'yaml';

export const EXAMPLE = new URL('../../../../docs/clearnat.example.yaml', import.meta.url);

const example = readFileSync(EXAMPLE, 'utf8');

/** Bits of YAML that change what the text around them means. */
const TOKENS = [
  ...'[]{}:,#&*!|>\'"%@`?~-\\ \n\t\r\0\ufeff\u2028ä𝒳'.split(''),
  ': ',
  ' #',
  '- ',
  '\n  ',
  '\n- ',
  '---\n',
  '...\n',
  '&a ',
  '*a',
  '<<: *a',
  '!!str ',
  '__proto__: ',
  'null',
  'true',
  '0x1f',
  '1e999',
  '.nan',
  '-1',
  '99999999999999999999',
  '"',
  "''",
  '::1',
  'pool: web',
  'toString: 1',
];

type Edit = { at: number; cut: number; insert: string };

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(10_000),
  cut: fc.oneof(fc.constant(0), fc.constant(1), fc.nat(40)),
  insert: fc.oneof(fc.constant(''), fc.constantFrom(...TOKENS), fc.string({ maxLength: 6 })),
});

function apply(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const { at, cut, insert } of edits) {
    const start = result.length === 0 ? 0 : at % result.length;
    result = result.slice(0, start) + insert + result.slice(start + cut);
  }
  return result;
}

/** Lines swapped, doubled, left out, indented. */
const lineEdit = fc.record({
  from: fc.nat(200),
  to: fc.nat(200),
  how: fc.constantFrom('swap', 'double', 'drop', 'indent', 'outdent'),
});

function applyToLines(text: string, edits: readonly { from: number; to: number; how: string }[]) {
  const lines = text.split('\n');
  for (const { from, to, how } of edits) {
    const a = from % lines.length;
    const b = to % lines.length;
    const [one = '', other = ''] = [lines[a], lines[b]];
    if (how === 'swap') [lines[a], lines[b]] = [other, one];
    else if (how === 'double') lines.splice(b, 0, one);
    else if (how === 'drop') lines.splice(a, 1);
    else lines[a] = how === 'indent' ? ` ${one}` : one.replace(/^ {1,2}/, '');
  }
  return lines.join('\n');
}

const keys = fc.constantFrom('gateway', 'pools', 'name', 'a', 'b-c', '8080', 'true', 'x y', '');
const tree = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom(...TOKENS)),
    fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(keys, tie('node'), { maxKeys: 4 }),
  ),
})).node;

/** A document of any shape, as the `yaml` package writes it. */
const written = fc
  .tuple(
    tree,
    fc.constantFrom(2, 4),
    fc.constantFrom('block', 'flow', 'any'),
    fc.constantFrom(20, 80),
  )
  .map(([value, indent, style, lineWidth]) =>
    stringify(value, { indent, lineWidth, collectionStyle: style as 'any' }),
  );

const mutated = (base: fc.Arbitrary<string>) =>
  fc
    .tuple(base, fc.array(lineEdit, { maxLength: 3 }), fc.array(edit, { maxLength: 4 }))
    .map(([text, lineEdits, edits]) => apply(applyToLines(text, lineEdits), edits));

export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: mutated(fc.constant(example)) },
  { weight: 3, arbitrary: mutated(written) },
  { weight: 1, arbitrary: written },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
);

/** Seed and number of runs, from the environment for longer runs; the seed is printed. */
export function runs(name: string, fallback: number): { seed: number; numRuns: number } {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 0x7fffffff));
  const numRuns = Number(process.env.FUZZ_RUNS ?? fallback);
  process.stdout.write(`# ${name}: FUZZ_SEED=${seed} FUZZ_RUNS=${numRuns}\n`);
  return { seed, numRuns };
}
