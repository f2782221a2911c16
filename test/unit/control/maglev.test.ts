import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type MaglevMember, maglevSize, maglevTable } from '../../../src/control/maglev.js';

const members = (count: number, net = 0, weight = (_: number) => 1): MaglevMember[] =>
  Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    weight: weight(i),
    name: `10.${net}.${i >> 8}.${i & 255} 80`,
  }));

function disruption(before: MaglevMember[], removed: number): number {
  const after = before.filter(({ id }) => id !== removed);
  const size = maglevSize(before.length);
  const a = maglevTable(before, size);
  const b = maglevTable(after, maglevSize(after.length, size));
  // A client's hash is spread over either table; compare what each point leads to.
  let others = 0;
  let moved = 0;
  const points = 200_000;
  for (let i = 0; i < points; i++) {
    const hash = Math.imul(i, 0x9e3779b1) >>> 0;
    const was = a[hash % a.length];
    if (was === removed) continue;
    others++;
    if (b[hash % b.length] !== was) moved++;
  }
  return moved / others;
}

describe('maglevTable', () => {
  it('moves at most 1 % of the others when one of N leaves', () => {
    for (const count of [2, 3, 5, 10, 20, 64, 256])
      for (const removed of [1, Math.ceil(count / 2), count]) {
        const moved = disruption(members(count, removed), removed);
        assert.ok(
          moved <= 0.01,
          `${count} members, without ${removed}: ${(100 * moved).toFixed(2)} % moved`,
        );
      }
  });

  it('shares by weight', () => {
    const weighted = members(6, 7, (i) => [1, 2, 4, 8, 16, 256][i] as number);
    const table = maglevTable(weighted);
    const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
    for (const { id, weight } of weighted) {
      const share = table.filter((slot) => slot === id).length / table.length;
      assert.ok(Math.abs(share / (weight / total) - 1) < 0.05, `weight ${weight} has ${share}`);
    }
  });

  it('does not depend on the order of members', () => {
    const one = members(5);
    fc.assert(
      fc.property(fc.shuffledSubarray(one, { minLength: 5 }), (shuffled) => {
        assert.deepEqual(maglevTable(shuffled, 1009), maglevTable(one, 1009));
      }),
      { numRuns: 10 },
    );
  });

  it('is made within the time a health change has', () => {
    const many = members(256);
    maglevTable(members(10));
    const began = process.cpuUsage();
    maglevTable(many);
    const took = process.cpuUsage(began).user / 1000;
    assert.ok(took < 100, `256 members took ${took} ms`);
  });

  it('keeps a table until four times the members have come', () => {
    const small = maglevSize(8);
    assert.equal(maglevSize(9, small), small);
    assert.equal(maglevSize(1, small), small);
    assert.ok(maglevSize(33, small) > small);
    assert.equal(maglevSize(200, maglevSize(256)), maglevSize(256));
  });

  it('is empty without members ', () => {
    assert.equal(maglevTable([]).length, 0);
  });
});
