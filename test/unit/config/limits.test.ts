import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accepted, type Extra, refused, yaml } from './support.js';

/** Level, setting, lowest, highest. */
const RANGES: [keyof Extra, string, number, number][] = [
  ['gateway', 'max_connections', 1024, 50_000_000],
  ['listener', 'idle_timeout', 10, 4000],
  ['listener', 'connection_limit', -1, 2147483647],
  ['pool', 'deregistration_delay', 0, 4000],
  ['monitor', 'delay', 1, 50],
  ['monitor', 'max_retries', 1, 10],
  ['monitor', 'max_retries_down', 1, 10],
  ['monitor', 'monitor_port', 1, 65535],
  ['member', 'weight', 0, 256],
];

function setting(level: keyof Extra, text: string): string {
  return yaml({ [level]: level === 'monitor' ? `type: TCP, ${text}` : text });
}

describe('numbers at both edges', () => {
  for (const [level, name, low, high] of RANGES) {
    it(`${level} ${name}: ${low} to ${high}`, () => {
      accepted(setting(level, `${name}: ${low}`));
      accepted(setting(level, `${name}: ${high}`));
      for (const bad of [low - 1, high + 1, low + 0.5, '.nan', '.inf', '"5"', '[]', 'true']) {
        refused(setting(level, `${name}: ${bad}`), new RegExp(`${name}: must be .*\\(got `));
      }
    });
  }

  it('connection_limit is not zero', () => {
    refused(yaml({ listener: 'connection_limit: 0' }), /must be -1 \(none\) or at least 1/);
  });

  it('persistence_timeout: 60 to 3600', () => {
    const persistence = (seconds: number) =>
      yaml({ pool: `session_persistence: { type: SOURCE_IP, persistence_timeout: ${seconds} }` });
    accepted(persistence(60));
    accepted(persistence(3600));
    refused(persistence(59), /must be an integer of 60 to 3600 \(got 59\)/);
    refused(persistence(3601), /got 3601/);
  });

  it('timeout: 1 to delay', () => {
    const monitor = (delay: number, timeout: number) =>
      yaml({ monitor: `type: TCP, delay: ${delay}, timeout: ${timeout}` });
    accepted(monitor(50, 50));
    accepted(monitor(50, 1));
    refused(monitor(50, 51), /timeout: must be an integer of 1 to 50 \(got 51\)/);
    refused(monitor(50, 0), /got 0/);
    refused(monitor(4, 5), /timeout: must be at most delay, which is 4 \(got 5\)/);
  });

  it('toa kinds are 254, 200, 253 and 28', () => {
    for (const kind of [254, 200, 253, 28]) accepted(yaml({ listener: `toa: { kind: ${kind} }` }));
    refused(yaml({ listener: 'toa: { kind: 252 }' }), /must be 254, 200, 253 or 28 \(got 252\)/);
  });
});

describe('ports', () => {
  const port = (text: string) => yaml().replace('protocol_port: 80,', `protocol_port: ${text},`);
  const ports = (text: string) =>
    accepted(port(text)).loadbalancers[0]?.listeners[0]?.protocol_port;

  it('takes numbers, ranges and all', () => {
    assert.deepEqual(ports('1'), { first: 1, last: 1 });
    assert.deepEqual(ports('65535'), { first: 65535, last: 65535 });
    assert.deepEqual(ports('"8000-8999"'), { first: 8000, last: 8999 });
    assert.deepEqual(ports('443-443'), { first: 443, last: 443 });
    assert.deepEqual(ports('all'), { first: 1, last: 65535 });
  });

  for (const bad of ['0', '65536', '-1', '"0-5"', '5-65536', '8999-8000', 'any', '""', '"1-"']) {
    it(`refuses ${bad}`, () => refused(port(bad), /protocol_port: must be .* \(got /));
  }
});

describe('text', () => {
  const path = (text: string) => yaml({ monitor: `type: HTTP, url_path: ${JSON.stringify(text)}` });

  it('url_path starts with / and has up to 80 characters', () => {
    accepted(path('/'));
    accepted(path(`/${'x'.repeat(79)}`));
    refused(path(`/${'x'.repeat(80)}`), /at most 80 characters/);
    refused(path('status'), /must start with \//);
    refused(path('/a b'), /no blanks/);
    refused(path('/a\r\nX: y'), /no blanks/);
  });

  const codes = (text: string) => yaml({ monitor: `type: HTTP, expected_codes: ${text}` });
  for (const good of ['"200"', '200', '"200,202"', '"200-299"', '"200-204, 301"', '"100-599"']) {
    it(`expected_codes ${good}`, () => {
      accepted(codes(good));
    });
  }
  for (const bad of [
    '"99"',
    '"600"',
    '"299-200"',
    '"200-"',
    '"2xx"',
    '""',
    '99',
    '600',
    '"200,,201"',
  ]) {
    it(`expected_codes not ${bad}`, () => refused(codes(bad), /expected_codes: must be /));
  }

  it('names have 1 to 255 characters, no slash, no control characters', () => {
    const name = (text: string) => yaml({ member: `name: ${JSON.stringify(text)}` });
    accepted(name('ä'));
    accepted(name('x'.repeat(255)));
    refused(name('x'.repeat(256)), /must be a name of 1 to 255 characters/);
    refused(name(''), /must be a name of 1 to 255 characters/);
    refused(name('a/b'), /without "\/"/);
    refused(name('a\u0007'), /control characters \(got "a\\u0007"\)/);
    refused(yaml({ member: 'name: 12' }), /must be text in quotes \(got 12\)/);
  });

  it('interfaces have up to 15 characters', () => {
    const names = (text: string) => yaml().replace('[eth0]', text);
    accepted(names('[abcdefghijklmno, eth0.7]'));
    refused(names('[abcdefghijklmnop]'), /interface name of 1 to 15/);
    refused(names('[a/b]'), /interface name/);
    refused(names('[eth0, eth0]'), /interfaces\[1\]: this interface is used twice/);
    refused(names('[]'), /interfaces: must have at least one entry \(got an empty list\)/);
  });

  it('the socket path fits sockaddr_un', () => {
    const socket = (path: string) => yaml({ gateway: `api: { socket: ${path} }` });
    accepted(socket(`/${'s'.repeat(99)}`));
    refused(socket(`/${'s'.repeat(100)}`), /at most 100 bytes/);
    refused(socket('api.sock'), /absolute path/);
  });
});

describe('SNAT addresses', () => {
  const snat = (text: string, balancer?: string) =>
    yaml(balancer === undefined ? {} : { balancer: `snat_addresses: ${balancer}` }).replace(
      '[10.0.1.240/28]',
      text,
    );

  it('are at most 256 over both families and all load balancers', () => {
    assert.equal(accepted(snat('[10.0.1.0/24]')).gateway.snat_addresses.length, 256);
    accepted(snat('[10.0.1.0/25, 2001:db8::/121]'));
    accepted(snat('[10.0.1.0/24]', '[10.0.1.7]'));
    refused(snat('[10.0.1.0/24, 10.0.4.1]'), /at most 256 SNAT addresses, with this one 257/);
    refused(snat('[10.0.1.0/25, 2001:db8::/121, 10.0.4.1]'), /with this one 257/);
    refused(snat('[10.0.1.0/24]', '[10.0.9.1]'), /loadbalancers\[0\]\.snat_addresses\[0\]: .*257/);
    refused(snat('[10.0.0.0/23]'), /must be at most 256 addresses, this is 512/);
    refused(snat('["2001:db8::/32"]'), /more than/);
  });

  it('are expanded in order, canonical', () => {
    const config = accepted(snat('[10.0.1.254/31, "2001:DB8:0::00fe/127"]'));
    assert.deepEqual(config.gateway.snat_addresses, [
      '10.0.1.254',
      '10.0.1.255',
      '2001:db8::fe',
      '2001:db8::ff',
    ]);
  });

  it('do not repeat', () => {
    refused(snat('[10.0.1.0/30, 10.0.1.2]'), /snat_addresses\[1\]: has 10\.0\.1\.2 twice/);
  });
});
