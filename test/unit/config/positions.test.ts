import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatError, loadConfig } from '../../../src/config/index.js';
import { lines } from './support.js';

const MANY = `gateway:
  interfaces: [e0, e0]
  snat_addreses: [10.0.0.1/24]
  xdp_mode: nativ
loadbalancers:
  - name: ä
    vip_addresses: [1.1.1.300, 1.2.3.4]
    vip_addresses: []
    listeners:
      - { name: "ü", protocol: tcp, protocol_port: 70000, pool: foo }
      - name: y
        protocol: TCP
        protocol_port: "9-8"
        pool: { membrs: [] }
      - { name: z, protocol: TCP, protocol_port: 1, pool: fo }
`;

describe('positions', () => {
  it('tells every error at once, in the order of the file', () => {
    assert.deepEqual(lines(MANY), [
      '2:20: gateway.interfaces[1]: this interface is used twice; first by entry 0 (got "e0")',
      '3:3: gateway.snat_addreses: is not a known key; did you mean snat_addresses? (got "snat_addreses")',
      '4:13: gateway.xdp_mode: must be auto, native or generic; did you mean native? (got "nativ")',
      '7:21: loadbalancers[0].vip_addresses[0]: must be an IPv4 or IPv6 address (got "1.1.1.300")',
      '8:5: loadbalancers[0].vip_addresses: this key is here twice (got "vip_addresses")',
      '10:32: loadbalancers[0].listeners[0].protocol: must be TCP or UDP; did you mean TCP? (got "tcp")',
      '10:52: loadbalancers[0].listeners[0].protocol_port: must be an integer of 1 to 65535 (got 70000)',
      '13:24: loadbalancers[0].listeners[1].protocol_port: must be a range from low to high, like "8-9" (got "9-8")',
      '14:17: loadbalancers[0].listeners[1].pool.membrs: is not a known key; did you mean members? (got "membrs")',
      '15:59: loadbalancers[0].listeners[2].pool: is not the name of an entry of pools (got "fo")',
    ]);
  });

  it('is the same through the full parser', () => {
    const quick = lines(MANY);
    const full = lines(`${MANY}# \u0001\n`.replace('# \u0001', 'x: &anchor 1'));
    assert.deepEqual(full.slice(0, quick.length), quick);
    assert.match(full.at(-1) ?? '', /^16:1: x: is not a known key \(got "x"\)/);
  });

  it('a required key that is missing stands where its mapping begins', () => {
    assert.deepEqual(lines('gateway:\n  xdp_mode: auto\n'), [
      '2:3: gateway.interfaces: is required (got nothing)',
    ]);
    assert.deepEqual(lines('pools: []\n'), ['1:1: gateway: is required (got nothing)']);
  });

  it('a key without a value is told at the key', () => {
    assert.deepEqual(lines('gateway:\nloadbalancers: []\n'), [
      '1:1: gateway: must be a mapping (got nothing)',
    ]);
  });

  it('says what is not YAML and where', () => {
    assert.match(lines('gateway: [a\nb: c\n')[0] ?? '', /^2:1: not YAML: .*\(got "b.*"\)$/);
    assert.match(lines('gateway: "x\n')[0] ?? '', /^\d+:\d+: not YAML: .*quote/);
    assert.match(lines('a: 1\n---\nb: 2\n')[0] ?? '', /^2:1: not YAML: .*multiple documents/);
    assert.match(lines('gateway: !!python/object x\n')[0] ?? '', /^1:10: not YAML: .*tag/);
  });

  it('knows empty files and wrong roots', () => {
    for (const text of ['', '\n\n', '# nothing\n', '~']) {
      assert.match(lines(text)[0] ?? '', /^1:1: must be a mapping \(got nothing\)$/);
    }
    assert.deepEqual(lines('- a\n'), ['1:1: must be a mapping (got a list)']);
    assert.deepEqual(lines('hello'), ['1:1: must be a mapping (got "hello")']);
  });

  it('skips a byte order mark and takes Windows line ends', () => {
    assert.deepEqual(lines('\ufeffgateway: 1\r\n'), ['1:10: gateway: must be a mapping (got 1)']);
  });

  it('survives deep nesting and unfolding aliases', () => {
    assert.match(lines('['.repeat(20_000)).join(), /nested too deeply/);
    assert.match(lines(`a: ${'['.repeat(200)}${']'.repeat(200)}`).join(), /nested too deeply/);
    const bomb = ['a0: &a0 [x, x]'];
    for (let i = 1; i < 40; i++) bomb.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`);
    assert.match(lines(bomb.join('\n')).join(), /unfolds to too many values/);
    assert.match(lines('a: &a [*a]').join(), /nested too deeply/);
    assert.match(lines('a: &a { <<: *a }').join(), /nested too deeply/);
    assert.match(lines('a: *b').join(), /unknown anchor \(got "\*b"\)/);
    for (const part of ['{', '- ', '? ', 'a: ', '!a '])
      assert.ok(lines(part.repeat(5000)).length > 0);
  });

  it('takes anchors and merge keys', () => {
    const text = `gateway: { interfaces: [e0], snat_addresses: [10.0.1.1] }
pools:
  - &base { name: a, healthmonitor: { type: TCP, delay: 2 }, members: [] }
  - { <<: *base, name: b }
  - { <<: *base, name: c, lb_algorithm: X }
`;
    assert.deepEqual(lines(text), [
      '5:41: pools[2].lb_algorithm: must be ROUND_ROBIN, LEAST_CONNECTIONS, SOURCE_IP or QUIC_CID (got "X")',
    ]);
  });

  it('cuts long values and escapes control characters', () => {
    assert.match(lines(`gateway: "${'x'.repeat(500)}\\e[31m"`)[0] ?? '', /\(got "x{60}…"\)$/);
    assert.match(lines('gateway: "\\e[31m\\u202e"')[0] ?? '', /\(got "\\u001b\[31m\\u\{202e\}"\)$/);
  });

  it('keys named like parts of Object are only unknown', () => {
    const text = 'gateway: { interfaces: [a], __proto__: {x: 1}, constructor: 1, toString: 2 }\n';
    const found = lines(text);
    assert.equal(found.length, 3);
    for (const line of found) assert.match(line, /is not a known key/);
  });
});

describe('files', () => {
  const inFile = async (content: Buffer | string | null): Promise<string[]> => {
    const folder = await mkdtemp(join(tmpdir(), 'clearnat-config-'));
    try {
      const file = join(folder, 'c.yaml');
      if (content !== null) await writeFile(file, content);
      const result = await loadConfig(file);
      return result.ok ? [] : result.errors.map((e) => formatError(e).replace(file, 'c.yaml'));
    } finally {
      await rm(folder, { recursive: true });
    }
  };

  it('reads one', async () => {
    assert.deepEqual(await inFile('gateway: { interfaces: [eth0] }\n'), []);
  });

  it('tells a missing file', async () => {
    assert.match((await inFile(null))[0] ?? '', /^c\.yaml:1:1: cannot be read \(got ENOENT/);
  });

  it('tells where bytes are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('a: "\ufffd"\nä: '), Buffer.from([0xc3, 0x28])]);
    assert.deepEqual(await inFile(bytes), ['c.yaml:2:4: must be UTF-8 (got byte 0xc3)']);
  });
});
