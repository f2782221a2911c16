import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { interfaceFor } from '../../../src/control/addresses.js';
import { IdSpace } from '../../../src/control/ids.js';
import { Neighbours } from '../../../src/control/neighbours.js';
import { RunAllocator } from '../../../src/control/runs.js';
import type { NetlinkEvent } from '../../../src/native/types.js';

const address = (cidr: string) => ({ cidr }) as NetworkInterfaceInfo;

describe('interfaceFor', () => {
  const host = {
    eth0: [address('192.0.2.1/24')],
    eth1: [address('10.0.0.1/32'), address('2001:db8::1/64')],
  };
  it('takes the interface whose subnet holds the address, else the first', () => {
    assert.equal(interfaceFor('192.0.2.9', ['eth1', 'eth0'], host), 'eth0');
    assert.equal(interfaceFor('2001:db8::9', ['eth0', 'eth1'], host), 'eth1');
    assert.equal(interfaceFor('10.0.0.1', ['eth0', 'eth1'], host), 'eth0');
    assert.equal(interfaceFor('203.0.113.1', ['eth1', 'eth0'], host), 'eth1');
  });
});

describe('Neighbours', () => {
  const event = (more: Partial<NetlinkEvent>): NetlinkEvent => ({
    kind: 'neighbour',
    action: 'new',
    ifindex: 2,
    subject: '10.0.0.1',
    lladdr: '02:00:00:00:00:01',
    state: 2,
    ...more,
  });
  it('tells the programs of other link-layer addresses, not of states', () => {
    let generation = 0;
    const port = { bumpFibGeneration: () => generation++, heartbeat() {}, onNoNeighbour() {} };
    const addon = {
      netlinkMonitor: () => ({ close() {} }),
      neighbourUse() {},
      routeGet: () => assert.fail(),
    };
    const neighbours = new Neighbours({ port, addon, log: { debug() {}, warn() {} } });
    const after = (more: Partial<NetlinkEvent>) => {
      neighbours.take([event(more)]);
      return generation;
    };
    // Not seen before: it may have had another address before we listened.
    assert.equal(after({}), 1);
    assert.equal(after({ state: 4 }), 1);
    assert.equal(after({ lladdr: '02:00:00:00:00:02' }), 2);
    assert.equal(after({ action: 'delete' }), 3);
    assert.equal(after({}), 4);
    assert.equal(after({ kind: 'route', lladdr: null }), 5);
    assert.equal(after({ kind: 'link', lladdr: null }), 6);
  });
});

describe('RunAllocator', () => {
  it('never gives a slot to two, nor one given back to another within a second', () => {
    const step = fc.record({
      length: fc.integer({ min: 1, max: 20 }),
      release: fc.nat(3),
      wait: fc.nat(800),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let clock = 0;
        const runs = new RunAllocator(100, () => clock);
        const busyUntil = new Array<number>(100).fill(-1);
        const held: { at: number; length: number }[] = [];
        for (const { length, release, wait } of steps) {
          clock += wait;
          const run = release === 0 ? undefined : held.splice(0, 1)[0];
          if (run) {
            runs.release(run.at, run.length);
            busyUntil.fill(clock + 1000, run.at, run.at + run.length);
          }
          let at: number;
          try {
            at = runs.allocate(length);
          } catch (error) {
            assert.match(String(error), /no \d+ consecutive schedule slots free of 100/);
            continue;
          }
          for (let slot = at; slot < at + length; slot++)
            assert.ok((busyUntil[slot] as number) <= clock);
          busyUntil.fill(Number.POSITIVE_INFINITY, at, at + length);
          held.push({ at, length });
        }
      }),
    );
  });

  it('puts neighbours together again', () => {
    let clock = 0;
    const runs = new RunAllocator(30, () => clock);
    const [a, b, c] = [runs.allocate(10), runs.allocate(10), runs.allocate(10)];
    for (const at of [a, c, b]) runs.release(at, 10);
    clock = 1000;
    assert.equal(runs.allocate(30), 0);
  });
});

describe('IdSpace', () => {
  it('keeps ids, and rests those given back', () => {
    let clock = 0;
    const space = new IdSpace('thing', 1, 4, () => clock);
    assert.deepEqual(
      ['a', 'b', 'a', 'c'].map((name) => space.acquire(name)),
      [1, 2, 1, 3],
    );
    space.release(2);
    assert.throws(
      () => space.acquire('d'),
      /no thing id free: 2 of 3 in use, 1 given back less than 2 s ago/,
    );
    clock = 2000;
    assert.equal(space.acquire('d'), 2);
    assert.equal(space.nameOf(2), 'd');
  });
});
