// A small valid configuration with room for one more line at each level.

import assert from 'node:assert/strict';
import { type Config, formatError, parseConfig } from '../../../src/config/index.js';

export interface Extra {
  gateway?: string;
  top?: string;
  balancer?: string;
  listener?: string;
  pool?: string;
  monitor?: string;
  member?: string;
}

/** Each extra is the inside of a flow mapping, like `weight: 3`. */
export function yaml(extra: Extra = {}): string {
  const part = (text?: string) => (text === undefined ? '' : `, ${text}`);
  const monitor = extra.monitor === undefined ? '' : `, healthmonitor: { ${extra.monitor} }`;
  return [
    `gateway: { interfaces: [eth0], snat_addresses: [10.0.1.240/28]${part(extra.gateway)} }`,
    ...(extra.top === undefined ? [] : [extra.top]),
    'loadbalancers:',
    `  - { name: web, vip_addresses: [203.0.113.10]${part(extra.balancer)}, listeners: [`,
    `      { name: http, protocol: TCP, protocol_port: 80${part(extra.listener)}, pool: {`,
    `          members: [{ address: 10.0.2.11, protocol_port: 8080${part(extra.member)} }]`,
    `          ${part(extra.pool)}${monitor} } }] }`,
    '',
  ].join('\n');
}

export function accepted(text: string): Config {
  const result = parseConfig(text, 'test.yaml');
  if (!result.ok) assert.fail(`expected a valid file, got\n${lines(text).join('\n')}\n${text}`);
  return result.config;
}

/** Error lines without the file's name. */
export function lines(text: string): string[] {
  const result = parseConfig(text, 'f');
  return result.ok ? [] : result.errors.map((error) => formatError(error).replace(/^f:/, ''));
}

/** Exactly one error, and its text matches. */
export function refused(text: string, expected: RegExp): void {
  const found = lines(text);
  assert.equal(found.length, 1, `expected one error, got\n${found.join('\n')}\n${text}`);
  assert.match(found[0] ?? '', expected);
}
