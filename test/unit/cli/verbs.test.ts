import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { InvalidConfigError } from '../../../src/errors.js';
import { connections, stats, tree } from '../api/memory-runtime.js';
import { withApi, withFolder } from '../api/support.js';
import { clearnat } from './support.js';

const EXAMPLE = fileURLToPath(new URL('../../../../docs/clearnat.example.yaml', import.meta.url));

/** What a verb prints on success. */
function printed(...args: string[]): Promise<string> {
  return withApi(async ({ socket }) => {
    const { status, stdout, stderr } = await clearnat(...args, '--socket', socket);
    assert.deepEqual([status, stderr], [0, '']);
    return stdout;
  });
}

const LIST = `
Prot  VirtualAddress:Port  Scheduler    Listener   Status
  ->  MemberAddress:Port   Forward      Weight     Status    ActiveConn  InActConn
TCP   203.0.113.10:443     ROUND_ROBIN  web/https  DEGRADED
  ->  10.0.2.11:8443       fullnat      10         ONLINE         1234K          3
  ->  10.0.2.12:8443       fullnat      1          ERROR              0          0  connection refused
TCP   [2001:db8::10]:443   ROUND_ROBIN  web/https  DEGRADED
  ->  10.0.2.11:8443       fullnat      10         ONLINE         1234K          3
  ->  10.0.2.12:8443       fullnat      1          ERROR              0          0  connection refused
`.slice(1);

const STATS = `
Prot  Address:Port                         Name       Conns  Active  Inactive  InPkts  InBytes  OutPkts  OutBytes
TCP   203.0.113.10:443 [2001:db8::10]:443  web/https     12       2         1     340    56000      290     9000K
  ->  10.0.2.11:8443                       a             12       2         1     340    56000      290     9000K

Packets  Reason  Meaning
      7  STRAY   no connection and not a SYN
`.slice(1);

const CONNS = `
Prot  Client                 VIP               SNAT             Member          Listener   State        Idle  InPkts  InBytes  OutPkts  OutBytes
TCP   198.51.100.7:40000     203.0.113.10:443  10.0.1.240:1024  10.0.2.11:8443  web/https  ESTABLISHED    1s      10     1200        8     64000
TCP   [2001:db8:9::1]:50000  203.0.113.10:443  10.0.1.240:1024  10.0.2.11:8443  web/https  ESTABLISHED    1s      10     1200        8     64000
`.slice(1);

describe('tables', () => {
  it('list is shaped like ipvsadm -Ln', async () => {
    assert.equal(await printed('list'), LIST);
  });

  it('stats has members under their listener, and drops by reason', async () => {
    assert.equal(await printed('stats'), STATS);
  });

  it('conns has a line per connection', async () => {
    assert.equal(await printed('conns', '--state', 'ESTABLISHED'), CONNS);
    const few = await printed('conns', '--limit', '1');
    assert.match(few, /\nthere are more; see --limit \(1 shown\)\n$/);
  });

  it('reload says what changed', async () => {
    assert.equal(await printed('reload'), '1 listener added\n');
  });
});

describe('-o json and -o yaml', () => {
  const values = {
    list: { loadbalancers: tree },
    stats,
    conns: { connections, more: false },
    reload: { changed: true, summary: '1 listener added' },
  };
  for (const [verb, value] of Object.entries(values)) {
    it(`${verb} prints what the API says`, async () => {
      assert.deepEqual(JSON.parse(await printed(verb, '-o', 'json')), value);
      assert.deepEqual(parse(await printed(verb, '-o', 'yaml')), value);
    });
  }
});

describe('failures', () => {
  it('a bad filter is told', () =>
    withApi(async ({ socket }) => {
      const { status, stderr } = await clearnat(
        'conns',
        '--client',
        '10.0.0.1/8',
        '--socket',
        socket,
      );
      assert.equal(status, 1);
      assert.match(stderr, /^client: has bits set after the prefix; did you mean 10\.0\.0\.0\/8\?/);
    }));

  it('a file with errors is told line by line', () =>
    withApi(async ({ socket, runtime }) => {
      runtime.refuses = new InvalidConfigError([], ['c.yaml:1:1: a: x', 'c.yaml:2:1: b: y']);
      assert.deepEqual(await clearnat('reload', '--socket', socket), {
        status: 1,
        stdout: '',
        stderr: 'c.yaml:1:1: a: x\nc.yaml:2:1: b: y\n',
      });
    }));

  it('an answer that is not HTTP is told', () =>
    withFolder(async (folder) => {
      const socket = join(folder, 's');
      const server = createServer((peer) => peer.end('hello\n')).listen(socket);
      const { status, stderr } = await clearnat('list', '--socket', socket);
      server.close();
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`^${socket}: .+\n$`));
    }));

  it('CLEARNAT_SOCKET names the socket', () =>
    withApi(async ({ socket }) => {
      process.env.CLEARNAT_SOCKET = socket;
      try {
        assert.equal((await clearnat('list')).status, 0);
      } finally {
        delete process.env.CLEARNAT_SOCKET;
      }
    }));
});

describe('check', () => {
  it('accepts the example', async () => {
    assert.deepEqual(await clearnat('check', EXAMPLE), {
      status: 0,
      stdout: `${EXAMPLE}: ok: 2 loadbalancers, 3 listeners, 2 pools, 5 members\n`,
      // It shows every setting, also those that are not acted upon yet.
      stderr: [
        'load balancer web: VIP 2001:db8::10: IPv6 is not forwarded yet',
        'IPv6 SNAT addresses are not used yet',
        'pool web/https: session_persistence is not there yet',
      ]
        .map((what) => `${EXAMPLE}: warning: ${what}\n`)
        .join(''),
    });
    const { stdout } = await clearnat('check', EXAMPLE, '-o', 'json');
    assert.deepEqual(JSON.parse(stdout), {
      ok: true,
      loadbalancers: 2,
      listeners: 3,
      pools: 2,
      members: 5,
    });
  });

  it('prints every error, with exit status 1', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'c.yaml');
      await writeFile(file, 'gateway:\n  interfaces: []\n  color: red\n');
      const lines = [
        `${file}:2:15: gateway.interfaces: must have at least one entry (got an empty list)`,
        `${file}:3:3: gateway.color: is not a known key (got "color")`,
      ];
      assert.deepEqual(await clearnat('check', file), {
        status: 1,
        stdout: '',
        stderr: `${lines.join('\n')}\n`,
      });
      const { status, stdout } = await clearnat('check', file, '-o', 'yaml');
      assert.equal(status, 1);
      const result = parse(stdout) as { ok: boolean; errors: { line: number; column: number }[] };
      assert.deepEqual(
        result.errors.map(({ line, column }) => [line, column]),
        [
          [2, 15],
          [3, 3],
        ],
      );
      assert.match(
        (await clearnat('run', '--config', file)).stderr,
        /c\.yaml:2:15: gateway\.interfaces/,
      );
    }));

  it('tells a missing file', async () => {
    const { status, stderr } = await clearnat('check', '/nonexistent.yaml');
    assert.equal(status, 1);
    assert.match(stderr, /^\/nonexistent\.yaml:1:1: cannot be read \(got ENOENT/);
  });
});
