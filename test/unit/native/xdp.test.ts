import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { addon, type BpfObject } from '../../../src/native/index.js';
import {
  compile,
  enterNamespace,
  noBpf,
  noNamespace,
  scratchDir,
  sh,
  suiteUnless,
  until,
} from './support.js';

enterNamespace(import.meta.url);

const XDP_GENERIC = 2;

suiteUnless(noBpf || noNamespace, 'XDP links and pins', () => {
  const fs = `${scratchDir()}/bpf`;
  let object: BpfObject;
  let ifindex: number;

  before(async () => {
    sh('ip link add va type veth peer name vb && ip link set va up && ip link set vb up');
    sh('ip addr add 10.77.0.1/24 dev vb');
    ifindex = addon.ifindex('va');
    object = addon.openObject(compile('xdp'));
    await object.load();
    mkdirSync(fs);
  });

  after(() => {
    object.close();
    sh(`umount ${fs} && ip link del va`);
  });

  it('mounts bpffs once', () => {
    assert.equal(addon.ensureBpffs(fs), true);
    assert.equal(addon.ensureBpffs(fs), false);
    assert.throws(() => addon.ensureBpffs(`${fs}/missing`), { code: 'ENOENT' });
  });

  it('attaches, updates, pins, reopens and detaches', () => {
    const first = object.program('answer');
    const second = object.program('report');
    assert.equal(addon.xdpProgramId(ifindex), 0);
    const link = addon.attachXdp(first, ifindex, 0);
    assert.equal(addon.xdpProgramId(ifindex), first.info.id);
    assert.deepEqual(link.info, { id: link.info.id, programId: first.info.id, ifindex });
    assert.throws(() => addon.attachXdp(second, ifindex, 0), { code: 'EBUSY' });
    link.update(second);
    assert.equal(addon.xdpProgramId(ifindex), second.info.id);
    link.pin(`${fs}/link`);
    link.close();
    link.close();
    assert.throws(() => link.info, { code: 'EBADF' });
    assert.equal(addon.xdpProgramId(ifindex), second.info.id, 'the pin keeps it attached');
    const again = addon.openPinnedLink(`${fs}/link`);
    assert.equal(again.info.programId, second.info.id);
    again.detach();
    assert.equal(addon.xdpProgramId(ifindex), 0);
    assert.equal(again.info.ifindex, 0);
    again.close();
    sh(`rm ${fs}/link`);
  });

  it('detaches when an unpinned link is closed', () => {
    const link = addon.attachXdp(object.program('answer'), ifindex, XDP_GENERIC);
    assert.notEqual(addon.xdpProgramId(ifindex), 0);
    link.close();
    assert.equal(addon.xdpProgramId(ifindex), 0);
  });

  it('reports an interface that is not there', () => {
    assert.throws(() => addon.attachXdp(object.program('answer'), 9999, 0), { code: 'ENODEV' });
  });

  it('pins maps and programs, and tells them apart', () => {
    object.map('hash').pin(`${fs}/map`);
    object.program('answer').pin(`${fs}/program`);
    const map = addon.openPinnedMap(`${fs}/map`);
    assert.equal(map.info.id, object.map('hash').info.id);
    const program = addon.openPinnedProgram(`${fs}/program`);
    assert.equal(program.info.id, object.program('answer').info.id);
    assert.throws(() => addon.openPinnedMap(`${fs}/program`), /is not a map/);
    assert.throws(() => addon.openPinnedLink(`${fs}/map`), /is not a link/);
    assert.throws(() => addon.openPinnedMap(`${fs}/nothing`), { code: 'ENOENT' });
    assert.throws(() => object.map('hash').pin(`${fs}/map`), { code: 'EEXIST' });
    map.close();
    program.close();
  });

  it('delivers ring buffer events of real packets', async () => {
    const lengths: number[] = [];
    const ring = addon.ringBuffer(object.map('events'), (record) => {
      assert.equal(record.readUInt32LE(4), ifindex);
      lengths.push(record.readUInt32LE(0));
    });
    const link = addon.attachXdp(object.program('report'), ifindex, 0);
    await assert.rejects(addon.ping('10.77.0.99', 20)); // an ARP request leaves vb
    await until(() => lengths.includes(42), 'the ARP request');
    link.close();
    ring.close();
    ring.close();
  });

  it('hands over every record of a burst larger than one turn of the loop', async () => {
    const burst = 10_000;
    const large = addon.openObject(compile('xdp'));
    large.setMaxEntries('events', 1 << 20);
    await large.load();
    let events = 0;
    const ring = addon.ringBuffer(large.map('events'), () => events++);
    large.program('report').testRun({ data: Buffer.alloc(60), repeat: burst });
    assert.equal(events, 0);
    await until(() => events === burst, `${burst} events`);
    ring.close();
    large.close();
  });

  it('goes on after records that filled the ring while nobody read', async () => {
    let events = 0;
    const report = object.program('report');
    const ring = addon.ringBuffer(object.map('events'), () => events++);
    for (let i = 0; i < 1000; i++) report.testRun({ data: Buffer.alloc(60) });
    await until(() => events > 100, 'events of a full ring');
    const before = events;
    report.testRun({ data: Buffer.alloc(60) });
    await until(() => events > before, 'an event after that');
    ring.close();
    assert.throws(() => addon.ringBuffer(object.map('hash'), () => {}), { code: 'EINVAL' });
  });
});
