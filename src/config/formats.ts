// What the schema's `format`s mean: each checks a string and gives its
// canonical form, or says what it must be.

import { Buffer } from 'node:buffer';
import { type Checked, checkAddress, checkCidr, checkListen } from './addresses.js';
import type { PortRange } from './model.js';

function matching(pattern: RegExp, wrong: string): (text: string) => Checked<string> {
  return (text) => (pattern.test(text) ? { value: text } : { wrong });
}

export const FORMATS: Readonly<Record<string, (text: string) => Checked<string>>> = {
  address: checkAddress,
  cidr: checkCidr,
  listen: checkListen,
  name: checkName,
  ports: (text) => {
    const ports = parsePorts(text);
    return 'wrong' in ports ? ports : { value: text };
  },
  codes: checkCodes,
  'url-path': checkUrlPath,
  'domain-name': checkDomainName,
  interface: matching(
    /^(?!\.{1,2}$)[^\s/:\p{Cc}]{1,15}$/u,
    'must be a network interface name of 1 to 15 characters',
  ),
  socket: checkSocket,
  file: matching(/^\/[^\0]*[^/\0]$/, 'must be an absolute path'),
};

/** Shown in tables, used in paths of the API, and joined by "/" for inline pools. */
function checkName(text: string): Checked<string> {
  const length = [...text].length;
  if (length < 1 || length > 255) return { wrong: 'must be a name of 1 to 255 characters' };
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}/]/u.test(text)) {
    return { wrong: 'must be a name without "/" and control characters' };
  }
  if (text.trim() !== text) return { wrong: 'must be a name without blanks around it' };
  return { value: text };
}

/** `all`, `8000-8999` or `443`. */
export function parsePorts(text: string): PortRange | { wrong: string } {
  if (text === 'all') return { first: 1, last: 65535 };
  const match = /^([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first > 65535 || last > 65535) {
    return { wrong: 'must be a port (1-65535), a range like "8000-8999", or all' };
  }
  if (first > last) return { wrong: `must be a range from low to high, like "${last}-${first}"` };
  return { first, last };
}

function checkCodes(text: string): Checked<string> {
  const items = text.split(',').map((item) => item.trim());
  for (const item of items) {
    const match = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(item);
    if (match === null || Number(match[2] ?? match[1]) < Number(match[1])) {
      return { wrong: 'must be HTTP status codes of 100-599 like "200", "200,202" or "200-299"' };
    }
  }
  return { value: items.join(',') };
}

function checkUrlPath(text: string): Checked<string> {
  if (!text.startsWith('/')) return { wrong: 'must start with /' };
  if (text.length > 80) return { wrong: 'must have at most 80 characters' };
  if (!/^[\x21-\x7e]*$/.test(text) || text.includes('#')) {
    return { wrong: 'must have no blanks, "#" or characters beyond ASCII; percent-encode them' };
  }
  return { value: text };
}

function checkDomainName(text: string): Checked<string> {
  const label = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
  const labels = text.replace(/\.$/, '').split('.');
  if (text.length > 253 || !labels.every((part) => label.test(part))) {
    return { wrong: 'must be a host name of at most 253 characters' };
  }
  return { value: text };
}

/** sockaddr_un holds 108 bytes with the final zero; seven are for a temporary name beside it. */
const MAX_SOCKET_BYTES = 100;

function checkSocket(text: string): Checked<string> {
  if (!/^\/[^\0]*[^/\0]$/.test(text)) return { wrong: 'must be an absolute path' };
  if (Buffer.byteLength(text) > MAX_SOCKET_BYTES) {
    return { wrong: `must have at most ${MAX_SOCKET_BYTES} bytes` };
  }
  return { value: text };
}
