import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { gcd, smoothSequence } from '../../../src/control/schedule.js';

const membersArb = fc
  .array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 12 })
  .map((weights) => weights.map((weight, index) => ({ id: index + 1, weight })));

describe('smoothSequence', () => {
  it('is nginx order for nginx own example', () => {
    const members = [
      { id: 1, weight: 5 },
      { id: 2, weight: 1 },
      { id: 3, weight: 1 },
    ];
    assert.deepEqual([...smoothSequence(members)], [1, 1, 2, 1, 3, 1, 1]);
  });

  it('gives each member its weight in every window, wherever it begins', () => {
    fc.assert(
      fc.property(membersArb, fc.nat(), (members, start) => {
        const sequence = smoothSequence(members);
        const divisor = members.reduce((all, { weight }) => gcd(all, weight), 0);
        const counts = new Map<number, number>();
        for (let i = 0; i < sequence.length; i++) {
          const id = sequence[(start + i) % sequence.length] as number;
          counts.set(id, (counts.get(id) ?? 0) + 1);
        }
        assert.deepEqual(
          members.map(({ id }) => counts.get(id)),
          members.map(({ weight }) => weight / divisor),
        );
      }),
    );
  });

  it('has no bursts: at every point each member has its share, give or take the number of members', () => {
    fc.assert(
      fc.property(membersArb, (members) => {
        const sequence = smoothSequence(members);
        const total = members.reduce((sum, { weight }) => sum + weight, 0);
        const counts = new Map<number, number>();
        for (const [index, id] of sequence.entries()) {
          counts.set(id, (counts.get(id) ?? 0) + 1);
          for (const member of members) {
            const share = ((index + 1) * member.weight) / total;
            const off = Math.abs((counts.get(member.id) ?? 0) - share);
            assert.ok(
              off < Math.max(1, members.length / 2),
              `member ${member.id} is off by ${off}`,
            );
          }
        }
      }),
    );
  });

  it('is empty without members', () => assert.equal(smoothSequence([]).length, 0));
});
