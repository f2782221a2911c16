// The API's unix socket: at most one daemon owns it, a dead one's is replaced,
// and it never exists with the wrong mode.

import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { AlreadyRunningError, messageOf, SystemError } from '../errors.js';

const MODE = 0o660;

/** Does a process answer there? */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // A full backlog is somebody's.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

export interface OwnedSocket {
  /** Removes the socket file, unless another daemon has put its own there. */
  release(): Promise<void>;
}

/**
 * Calls `listen` with a temporary path and publishes that socket as `path`.
 * Throws AlreadyRunningError when somebody answers there, SystemError when the
 * path cannot be used. The caller closes its server when this throws.
 */
export async function ownSocket(
  path: string,
  listen: (path: string) => Promise<unknown>,
): Promise<OwnedSocket> {
  const temporary = beside(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await removeDead(path);
    await listen(temporary);
    await chmod(temporary, MODE);
    await publish(temporary, path);
    const { ino } = await lstat(path);
    return { release: () => release(path, ino) };
  } catch (error) {
    if (error instanceof AlreadyRunningError || error instanceof SystemError) throw error;
    throw new SystemError('api_socket', `cannot listen at ${path}: ${messageOf(error)}`, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Another name in the same folder. MAX_SOCKET_BYTES in config/formats.ts leaves room for it. */
function beside(path: string): string {
  return `${path}.${randomBytes(3).toString('hex')}`;
}

async function publish(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? new AlreadyRunningError(path) : error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Moved aside before it is looked at, so that two starting daemons cannot remove each other's. */
async function removeDead(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  if (!found.isSocket()) {
    const message = `${path} is not a socket: remove it or set gateway.api.socket to another path`;
    throw new SystemError('api_socket', message);
  }
  if (await answers(path)) throw new AlreadyRunningError(path);
  const aside = beside(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (await answers(aside)) {
    await link(aside, path).catch(() => undefined);
    await rm(aside, { force: true });
    throw new AlreadyRunningError(path);
  }
  await rm(aside, { force: true });
}

async function release(path: string, ino: number): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found?.ino === ino) await rm(path, { force: true });
}
