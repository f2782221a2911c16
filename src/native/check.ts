// Argument checks for the addon's surface. The C++ side trusts what passes here.
import { isIP } from 'node:net';
import { inspect } from 'node:util';

function refuse(what: string, expected: string, got: unknown): never {
  throw new TypeError(`${what}: expected ${expected}, got ${inspect(got, { depth: 0 })}`);
}

export function checkUint(what: string, value: number, max = 0xffffffff): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    refuse(what, `an integer from 0 to ${max}`, value);
  }
  return value;
}

export function checkString(what: string, value: string): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    refuse(what, 'a non-empty string without NUL', value);
  }
  return value;
}

export function checkBytes(what: string, value: Uint8Array, size?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) refuse(what, 'a Buffer', value);
  if (size !== undefined && value.length !== size) {
    throw new RangeError(`${what}: expected ${size} bytes, got ${value.length}`);
  }
  return value;
}

/** Number of size-byte items in value. */
export function checkItems(what: string, value: Uint8Array, size: number): number {
  checkBytes(what, value);
  if (value.length % size !== 0) {
    throw new RangeError(`${what}: expected a multiple of ${size} bytes, got ${value.length}`);
  }
  return value.length / size;
}

/** Also allows a scope on link-local addresses, as in fe80::1%eth0. */
export function checkAddress(what: string, value: string): string {
  if (typeof value !== 'string' || isIP(value) === 0) refuse(what, 'an IP address', value);
  return value;
}

export function checkFunction<T>(what: string, value: T): T {
  if (typeof value !== 'function') refuse(what, 'a function', value);
  return value;
}
