import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addon, NativeError } from '../../../src/native/index.js';
import { compile, MapType, noBpf, suiteUnless, words } from './support.js';

const XDP_ABORTED = 0;
const XDP_PASS = 2;
const XDP_TX = 3;

suiteUnless(noBpf, 'BpfObject', () => {
  it('lists its maps and programs without the compiler’s sections', () => {
    const object = addon.openObject(compile('xdp'));
    assert.deepEqual(object.mapNames().sort(), ['events', 'hash', 'runs']);
    assert.deepEqual(object.programNames(), ['answer', 'report']);
    object.close();
  });

  it('takes read-only data between open and load', async () => {
    const object = addon.openObject(compile('xdp'));
    object.setRodata(0, words(XDP_TX));
    object.setRodata(7, Buffer.from([0xab]));
    assert.throws(() => object.setRodata(7, words(0)), { code: 'ERANGE' });
    await object.load();
    assert.throws(() => object.setRodata(0, words(0)), { code: 'EBUSY' });
    const { retval, data } = object.program('answer').testRun({ data: Buffer.alloc(60, 1) });
    assert.equal(retval, XDP_TX);
    assert.equal(data.length, 60);
    assert.equal(data[0], 0xab);
    object.close();
  });

  it('carries the verifier’s log in the error', async () => {
    const object = addon.openObject(compile('refused'));
    await assert.rejects(object.load(), (error) => {
      assert.ok(error instanceof NativeError);
      assert.equal(error.code, 'EACCES');
      assert.equal(error.syscall, 'bpf_object__load');
      assert.match(error.verifierLog ?? '', /invalid access to packet/);
      assert.match(error.message, /unchecked/);
      return true;
    });
    object.close();
  });

  it('says what is missing', async () => {
    assert.throws(() => addon.openObject('/nonexistent.o'), { code: 'ENOENT' });
    const object = addon.openObject(compile('xdp'));
    assert.throws(() => object.map('hash'), { code: 'EBADF' });
    assert.throws(() => object.setMaxEntries('nothing', 1), /no map 'nothing'/);
    assert.throws(() => object.setAutoload('nothing', false), /no program 'nothing'/);
    object.close();
  });

  it('sizes maps, leaves programs out and adds load flags', async () => {
    const object = addon.openObject(compile('xdp'));
    object.setMaxEntries('hash', 77);
    object.setMapFlags('hash', 1); // BPF_F_NO_PREALLOC
    object.setAutoload('report', false);
    object.setProgramFlags('answer', 32); // BPF_F_XDP_HAS_FRAGS
    await object.load();
    const { info } = object.map('hash');
    assert.equal(info.maxEntries, 77);
    assert.equal(info.flags & 1, 1);
    assert.throws(() => object.program('report'), { code: 'EBADF' });
    object.close();
  });

  it('shares a map with another object', async () => {
    const path = compile('xdp');
    const first = addon.openObject(path);
    await first.load();
    const shared = first.map('hash');
    const second = addon.openObject(path);
    second.reuseMap('hash', shared);
    await second.load();
    assert.equal(second.map('hash').info.id, shared.info.id);
    first.close();
    second.close();
    shared.close();
  });

  it('refuses to share a map of another shape', () => {
    const other = addon.createMap(MapType.hash, 4, 4, 16, 0);
    const object = addon.openObject(compile('xdp'));
    assert.throws(
      () => object.reuseMap('hash', other),
      /expected type 1, key 4, value 8, got 1, 4, 4/,
    );
    object.close();
    other.close();
  });

  it('refuses other calls while loading, and survives close', async () => {
    const object = addon.openObject(compile('xdp'));
    const loading = object.load();
    assert.throws(() => object.mapNames(), { code: 'EBUSY' });
    object.close();
    await loading;
    object.close();
    assert.throws(() => object.mapNames(), { code: 'EBADF' });
  });
});

suiteUnless(noBpf, 'BpfProgram', () => {
  it('tells what the kernel knows', async () => {
    const object = addon.openObject(compile('xdp'));
    await object.load();
    const { info, fd } = object.program('answer');
    assert.ok(fd > 2);
    assert.equal(info.name, 'answer');
    assert.equal(info.type, 6);
    assert.match(info.tag, /^[0-9a-f]{16}$/);
    assert.ok(info.xlatedSize > 0 && info.loadTime > 0);
    object.close();
  });

  it('runs packets, also on a worker and with a context', async () => {
    const object = addon.openObject(compile('xdp'));
    await object.load();
    const program = object.program('answer');
    const repeat = 1000;
    const result = await program.testRunAsync({ data: Buffer.alloc(100), repeat });
    assert.equal(result.retval, XDP_PASS);
    assert.equal(result.data[0], 4);
    assert.throws(() => program.testRun({ data: Buffer.alloc(60), dataOutSize: 8 }), {
      code: 'ENOSPC',
    });
    const ctx = words(0, 60, 0, 1, 0, 0); // data_end 60, ingress_ifindex 1
    const report = object.program('report');
    assert.notEqual(report.testRun({ data: Buffer.alloc(60), ctx }).retval, XDP_ABORTED);
    const runs = object.map('runs').lookup(words(0));
    let total = 0;
    for (let cpu = 0; cpu < addon.possibleCpus(); cpu++) total += runs?.readUInt32LE(cpu * 8) ?? 0;
    assert.equal(total, repeat + 1); // the run that lacked room counts, too
    object.close();
  });

  it('outlives its object until closed', async () => {
    const object = addon.openObject(compile('xdp'));
    await object.load();
    const program = object.program('answer');
    object.close();
    assert.equal(program.testRun({ data: Buffer.alloc(60) }).retval, XDP_PASS);
    program.close();
    program.close();
    assert.throws(() => program.info, { code: 'EBADF' });
    assert.throws(() => program.fd, /used after close/);
  });
});
