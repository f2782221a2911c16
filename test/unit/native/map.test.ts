import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addon, type BatchResult, type BpfMap } from '../../../src/native/index.js';
import { MapType, noBpf, suiteUnless, words } from './support.js';

const BPF_NOEXIST = 1;
const BPF_F_NO_PREALLOC = 1;

/** n keys 0..n-1 of 4 bytes, and values of 8 that begin with 3 * key. */
function sequence(n: number): { keys: Buffer; values: Buffer } {
  const keys = Buffer.alloc(4 * n);
  const values = Buffer.alloc(8 * n);
  for (let i = 0; i < n; i++) {
    keys.writeUInt32LE(i, 4 * i);
    values.writeUInt32LE(3 * i, 8 * i);
  }
  return { keys, values };
}

function keyList({ count, keys }: BatchResult): number[] {
  return Array.from({ length: count }, (_, i) => keys.readUInt32LE(4 * i));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first }, (_, i) => first + i);
}

async function checkWhole(map: BpfMap, n: number): Promise<void> {
  const { keys, values } = sequence(n);
  await map.updateMany(keys, values);
  const all = await map.entries();
  assert.equal(all.keys.length, 4 * n);
  assert.equal(all.values.length, map.ioValueSize * n);
  assert.deepEqual(
    keyList(all).sort((a, b) => a - b),
    range(0, n),
  );
  for (let i = 0; i < n; i++) {
    assert.equal(all.values.readUInt32LE(map.ioValueSize * i), 3 * all.keys.readUInt32LE(4 * i));
  }
}

suiteUnless(noBpf, 'BpfMap', () => {
  it('hash: looks up, updates with flags, deletes', () => {
    const map = addon.createMap(MapType.hash, 4, 8, 2, 0);
    assert.equal(map.lookup(words(1)), null);
    map.update(words(1), words(7, 8));
    assert.deepEqual(map.lookup(words(1)), words(7, 8));
    assert.throws(() => map.update(words(1), words(0, 0), BPF_NOEXIST), { code: 'EEXIST' });
    map.update(words(2), words(0, 0));
    assert.throws(() => map.update(words(3), words(0, 0)), { code: 'E2BIG' });
    assert.equal(map.delete(words(1)), true);
    assert.equal(map.delete(words(1)), false);
    map.close();
  });

  it('checks sizes and types before the kernel reads memory', async () => {
    const map = addon.createMap(MapType.hash, 4, 8, 2, 0);
    assert.throws(() => map.lookup(Buffer.alloc(3)), /key: expected 4 bytes, got 3/);
    assert.throws(() => map.update(words(1), words(1)), /value: expected 8 bytes, got 4/);
    assert.throws(() => map.lookup('abcd' as unknown as Buffer), /expected a Buffer, got 'abcd'/);
    assert.throws(() => map.update(words(1), words(1, 2), -1), /flags: expected an integer/);
    await assert.rejects(map.updateMany(words(1, 2), words(1)), /values: expected 16 bytes/);
    await assert.rejects(map.deleteMany(Buffer.alloc(5)), /multiple of 4 bytes, got 5/);
    map.close();
  });

  for (const [name, type, flags] of [
    ['hash', MapType.hash, 0],
    ['hash without preallocation', MapType.hash, BPF_F_NO_PREALLOC],
    ['array', MapType.array, 0],
  ] as const) {
    it(`${name}: returns every entry of a large map once`, async () => {
      const map = addon.createMap(type, 4, 8, 20_000, flags);
      await checkWhole(map, 20_000);
      map.close();
    });
  }

  it('LRU: returns entries and pushes out old ones', async () => {
    const map = addon.createMap(MapType.lru, 4, 8, 1024, 0);
    const { keys, values } = sequence(5000);
    await map.updateMany(keys, values);
    const all = await map.entries();
    assert.ok(all.count > 0 && all.count <= 1024, `${all.count} entries`);
    assert.equal(new Set(keyList(all)).size, all.count);
    map.close();
  });

  for (const [name, type] of [
    ['array', MapType.percpuArray],
    ['hash', MapType.percpuHash],
  ] as const) {
    it(`per-CPU ${name}: one 8-byte-rounded value per possible CPU`, async () => {
      const cpus = addon.possibleCpus();
      const map = addon.createMap(type, 4, 4, 3, 0);
      assert.equal(map.info.valueSize, 4);
      assert.equal(map.ioValueSize, 8 * cpus);
      const value = Buffer.alloc(8 * cpus);
      for (let cpu = 0; cpu < cpus; cpu++) value.writeUInt32LE(cpu + 1, 8 * cpu);
      map.update(words(0), value);
      assert.deepEqual(map.lookup(words(0)), value);
      await map.updateMany(words(0, 1, 2), Buffer.concat([value, value, value]));
      const all = await map.entries();
      assert.equal(all.count, 3);
      assert.deepEqual(all.values, Buffer.concat([value, value, value]));
      map.close();
    });
  }

  it('prefix trie: walks key by key', async () => {
    const map = addon.createMap(MapType.lpm, 8, 4, 10, BPF_F_NO_PREALLOC);
    for (let i = 0; i < 10; i++) map.update(words(32, i << 24), words(i));
    const all = await map.entries();
    assert.equal(all.count, 10);
    assert.equal(
      new Set(Array.from({ length: 10 }, (_, i) => all.values.readUInt32LE(4 * i))).size,
      10,
    );
    map.close();
  });

  it('counts what deleteMany found, missing keys in between', async () => {
    const map = addon.createMap(MapType.hash, 4, 8, 10_000, 0);
    const { keys, values } = sequence(10_000);
    await map.updateMany(keys, values);
    for (const i of [0, 1, 500, 4095, 4096, 9999]) map.delete(words(i));
    assert.equal(await map.deleteMany(keys), 10_000 - 6);
    assert.equal((await map.entries()).count, 0);
    assert.equal(await map.deleteMany(Buffer.alloc(0)), 0);
    map.close();
  });

  it('updateMany honours flags and says which entry failed', async () => {
    const map = addon.createMap(MapType.hash, 4, 8, 10, 0);
    map.update(words(2), words(0, 0));
    const { keys, values } = sequence(4);
    await assert.rejects(map.updateMany(keys, values, BPF_NOEXIST), {
      code: 'EEXIST',
      message: /entry 2 of 4/,
    });
    map.close();
  });

  it('entries() keeps what stays while other entries come and go', async () => {
    const map = addon.createMap(MapType.hash, 4, 8, 60_000, BPF_F_NO_PREALLOC);
    const { keys, values } = sequence(60_000);
    const half = 30_000;
    await map.updateMany(keys.subarray(0, 4 * half), values.subarray(0, 8 * half));
    const moving = keys.subarray(4 * half);
    let stop = false;
    const churn = (async () => {
      while (!stop) {
        await map.updateMany(moving, values.subarray(8 * half));
        await map.deleteMany(moving);
      }
    })();
    for (let round = 0; round < 10; round++) {
      const seen = keyList(await map.entries());
      assert.equal(new Set(seen).size, seen.length, 'a key was returned twice');
      assert.equal(seen.filter((key) => key < half).length, half, 'a stable key was missed');
    }
    stop = true;
    await churn;
    map.close();
  });

  it('survives close during entries(), refuses use afterwards', async () => {
    const map = addon.createMap(MapType.hash, 4, 8, 10_000, 0);
    const { keys, values } = sequence(10_000);
    await map.updateMany(keys, values);
    const reading = map.entries();
    map.close();
    map.close();
    assert.equal((await reading).count, 10_000);
    assert.throws(() => map.lookup(words(0)), { code: 'EBADF', message: /used after close/ });
    await assert.rejects(map.entries(), { code: 'EBADF' });
  });
});
