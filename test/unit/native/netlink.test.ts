import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { addon, type NetlinkEvent, type NetlinkMonitor } from '../../../src/native/index.js';
import { enterNamespace, noNamespace, sh, suiteUnless, until } from './support.js';

enterNamespace(import.meta.url);

const NUD_FAILED = 0x20;
const NUD_PERMANENT = 0x80;

suiteUnless(noNamespace, 'netlink', () => {
  const events: NetlinkEvent[] = [];
  let monitor: NetlinkMonitor;
  let overflows = 0;
  let vb: number;

  function saw(wanted: Partial<NetlinkEvent>): Promise<void> {
    const matches = (event: NetlinkEvent) =>
      Object.entries(wanted).every(([key, value]) => event[key as keyof NetlinkEvent] === value);
    return until(() => events.some(matches), JSON.stringify(wanted));
  }

  before(() => {
    monitor = addon.netlinkMonitor(
      (batch) => events.push(...batch),
      () => overflows++,
    );
    sh('ip link add va type veth peer name vb && ip link set va up && ip link set vb up');
    vb = addon.ifindex('vb');
  });

  after(() => {
    monitor.close();
    monitor.close();
  });

  it('names interfaces', () => {
    assert.equal(addon.ifname(vb), 'vb');
    assert.equal(addon.ifindex('lo'), 1);
    assert.throws(() => addon.ifindex('nothing0'), { code: 'ENODEV', message: /nothing0/ });
    assert.throws(() => addon.ifname(9999), { code: 'ENODEV' });
  });

  it('reports links', async () => {
    await saw({ kind: 'link', action: 'new', subject: 'vb', ifindex: vb });
    sh('ip link add vx type veth peer name vy && ip link del vx');
    await saw({ kind: 'link', action: 'delete', subject: 'vx' });
  });

  it('adds and deletes addresses, and reports them', async () => {
    addon.addressAdd(vb, '10.77.0.1', 24);
    addon.addressAdd(vb, '2001:db8:77::1', 64);
    await saw({ kind: 'address', action: 'new', subject: '10.77.0.1', ifindex: vb });
    await saw({ kind: 'address', action: 'new', subject: '2001:db8:77::1', ifindex: vb });
    assert.doesNotMatch(sh('ip -6 addr show dev vb'), /2001:db8:77::1.*tentative/);
    assert.throws(() => addon.addressAdd(vb, '10.77.0.1', 24), { code: 'EEXIST' });
    addon.addressAdd(vb, '10.78.0.1', 32);
    addon.addressDelete(vb, '10.78.0.1', 32);
    await saw({ kind: 'address', action: 'delete', subject: '10.78.0.1' });
    assert.throws(() => addon.addressDelete(vb, '10.78.0.1', 32), { code: 'EADDRNOTAVAIL' });
    assert.throws(() => addon.addressAdd(vb, 'x', 32), /address: expected an IP address, got 'x'/);
  });

  it('reports neighbours with address and state', async () => {
    sh('ip neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 nud permanent dev vb');
    await saw({
      kind: 'neighbour',
      action: 'new',
      subject: '10.77.0.2',
      lladdr: '02:00:00:00:00:02',
      state: NUD_PERMANENT,
      ifindex: vb,
    });
    sh('ip neigh del 10.77.0.2 dev vb');
    await saw({ kind: 'neighbour', subject: '10.77.0.2', lladdr: null });
  });

  it('makes the kernel resolve a neighbour', async () => {
    for (const family of ['ipv4', 'ipv6']) {
      writeFileSync(`/proc/sys/net/${family}/neigh/vb/mcast_solicit`, '1');
      writeFileSync(`/proc/sys/net/${family}/neigh/vb/retrans_time_ms`, '20');
    }
    addon.neighbourUse(vb, '10.77.0.3');
    addon.neighbourUse(vb, '2001:db8:77::3');
    // It asked, and nobody answered.
    await saw({ kind: 'neighbour', action: 'new', subject: '10.77.0.3', state: NUD_FAILED });
    await saw({ kind: 'neighbour', action: 'new', subject: '2001:db8:77::3', state: NUD_FAILED });
    assert.throws(() => addon.neighbourUse(9999, '10.77.0.3'), { code: 'ENODEV' });
  });

  it('keeps a known neighbour when it is used', () => {
    sh('ip neigh replace 10.77.0.4 lladdr 02:00:00:00:00:04 nud stale dev vb');
    addon.neighbourUse(vb, '10.77.0.4');
    assert.match(sh('ip neigh show 10.77.0.4'), /02:00:00:00:00:04 .*(DELAY|PROBE)/);
  });

  it('reports routes and asks for one', async () => {
    sh(
      'ip route add 10.98.0.0/16 via 10.77.0.2 && ip -6 route add 2001:db8:98::/48 via 2001:db8:77::2',
    );
    await saw({ kind: 'route', action: 'new', subject: '10.98.0.0/16', ifindex: vb });
    await saw({ kind: 'route', action: 'new', subject: '2001:db8:98::/48', ifindex: vb });
    assert.deepEqual(addon.routeGet('10.98.1.1'), {
      ifindex: vb,
      source: '10.77.0.1',
      gateway: '10.77.0.2',
    });
    assert.deepEqual(addon.routeGet('10.77.0.9'), {
      ifindex: vb,
      source: '10.77.0.1',
      gateway: null,
    });
    const v6 = addon.routeGet('2001:db8:98::1');
    assert.equal(v6.gateway, '2001:db8:77::2');
    assert.equal(v6.source, '2001:db8:77::1');
    assert.throws(() => addon.routeGet('192.0.2.1'), { code: 'ENETUNREACH', message: /192.0.2.1/ });
    sh('ip route del 10.98.0.0/16 && ip route add default via 10.77.0.2');
    await saw({ kind: 'route', action: 'delete', subject: '10.98.0.0/16' });
    await saw({ kind: 'route', action: 'new', subject: '0.0.0.0/0' });
  });

  it('tells when events were lost', async () => {
    assert.equal(overflows, 0);
    let batch = '';
    for (let i = 0; i < 8000; i++) {
      batch += `route add 10.100.${i >> 8}.${i & 255} dev vb\n`;
    }
    sh('ip -batch -', batch); // this process reads nothing meanwhile
    await until(() => overflows > 0, 'an overflow', 10_000);
  });
});
