import { constants } from 'node:os';
import type { NativeErrorFields } from './types.js';

const names = new Map<number, string>([[524, 'ENOTSUPP']]); // the kernel's own, unknown to libc
for (const [name, value] of Object.entries(constants.errno)) {
  if (name !== 'EWOULDBLOCK' && name !== 'ENOTSUP') names.set(value, name);
}

/** Name of an errno value, e.g. 2 -> ENOENT. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`;
}

/** A system call or libbpf refused; verifierLog is set when the verifier did. */
export class NativeError extends Error implements NativeErrorFields {
  override readonly name = 'NativeError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  declare readonly verifierLog?: string;

  /** Called by the addon too: keep the order of arguments as in native/common.cc. */
  constructor(errno: number, syscall: string, detail: string | null, verifierLog: string | null) {
    const code = errnoName(errno);
    super(`${syscall}: ${code}${detail ? `: ${detail}` : ''}`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    if (verifierLog !== null) this.verifierLog = verifierLog;
  }
}

/** No addon could be loaded; the message lists what was tried. */
export class AddonLoadError extends Error {
  override readonly name = 'AddonLoadError';
}
