import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Document } from '../../../../src/config/yaml/document.js';
import { readFull } from '../../../../src/config/yaml/full.js';
import { readQuick } from '../../../../src/config/yaml/quick.js';
import { anyText, EXAMPLE, runs } from '../arbitrary.js';

/** Value and places as one tree that can be compared. */
function unfolded(document: Document, node: unknown = document.value): unknown {
  if (typeof node !== 'object' || node === null) return node;
  const place = document.places?.get(node);
  assert.ok(place);
  return {
    start: place.start,
    entries: Object.entries(node).map(([key, value]) => {
      const step = Array.isArray(node) ? Number(key) : key;
      return [key, place.keys.get(step), place.values.get(step), unfolded(document, value)];
    }),
  };
}

describe('the quick reader', () => {
  it('agrees with the full parser wherever it does not give up', () => {
    let taken = 0;
    fc.assert(
      fc.property(anyText, (text) => {
        const quick = readQuick(text, true);
        if (quick === null) return;
        taken++;
        const full = readFull(text);
        assert.equal(full.broken, false, JSON.stringify(full.problems));
        assert.deepEqual(unfolded(quick), unfolded(full));
        assert.deepEqual(quick.problems, full.problems);
        assert.equal(quick.start, full.start);
        assert.deepEqual(readQuick(text, false)?.value, quick.value);
      }),
      runs('YAML readers', 5000),
    );
    process.stdout.write(`# ${taken} of them were taken by the quick reader\n`);
    assert.ok(taken > 0);
  });

  const taken = [
    readFileSync(EXAMPLE, 'utf8'),
    '---\na: 1\n',
    '# c\n--- # c\na: 1 # c\n',
    'a:\n- 1\n- 2\nb: x\n',
    'a:\n  - - 1\n    - 2\n  - b: 1\n    c: 2\n  -\n    d: 1\n',
    'a: [1, 2,\n  3, # c\n  4\n  ]\n',
    'a: { b: 1, "c": [], d: {} }\n',
    'a: \'it is\'\nb: "x # y"\n',
    'a: ::1\nb: [::1/128, 2001:db8::/32]\n',
    'a: null\nb: true\nc: -5\nd: 1.2.3.4\ne: a b  c\nf:\n',
    'a: 1\na: 2\n',
    'a:\na:\n  b: 1\n  b: 2\n',
    'hello\n',
    '[a, b]',
  ];
  for (const text of taken) {
    it(`takes ${JSON.stringify(text.slice(0, 40))}`, () => {
      const quick = readQuick(text, true);
      assert.ok(quick);
      const full = readFull(text);
      assert.deepEqual(unfolded(quick), unfolded(full));
      assert.deepEqual(quick.problems, full.problems);
    });
  }

  const left = [
    '',
    'a: |\n  x\n',
    'a: &x 1\n',
    'a: b\n  c\n',
    '? a\n',
    'a: 0x10\n',
    'a\tb: 1\n',
    'a: 1\n---\n',
    'a: "\\n"\n',
    '{a: 1} x\n',
    'a: {b}\n',
    'a: [b: c]\n',
    '%YAML 1.1\n---\na: 1\n',
    'a: 1\n...\n',
    "a: 'b''c'\n",
  ];
  for (const text of left) {
    it(`leaves ${JSON.stringify(text)}`, () => assert.equal(readQuick(text, true), null));
  }
});
