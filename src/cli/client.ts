// Talks HTTP to the daemon over its unix socket.

import { type IncomingMessage, request } from 'node:http';
import { Option } from 'commander';
import type { Fault } from '../api/schemas.js';
import { ApiError, ClearnatError, messageOf, NotRunningError } from '../errors.js';

export const DEFAULT_SOCKET = '/run/clearnat/api.sock';
const TIMEOUT_MS = 30_000;

export function socketOption(): Option {
  return new Option('--socket <path>', "the daemon's API socket (gateway.api.socket)")
    .env('CLEARNAT_SOCKET')
    .default(DEFAULT_SOCKET);
}

/** The answer's JSON. Throws NotRunningError, ApiError, or ClearnatError `api_failed`. */
export async function call<T>(socket: string, method: 'GET' | 'POST', path: string): Promise<T> {
  const { status, body } = await exchange(socket, method, path);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    const got = JSON.stringify(body.slice(0, 60));
    throw new ClearnatError('api_failed', `${socket}: expected JSON (got ${got})`, { cause });
  }
  if (status < 300) return value as T;
  const { code, message } = value as Fault;
  throw new ApiError(status, code, message);
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(explain(socketPath, error));
    const outgoing = request({ socketPath, method, path, agent: false }, (incoming) => {
      collect(incoming).then((body) => resolve({ status: incoming.statusCode ?? 0, body }), fail);
    });
    outgoing.setTimeout(TIMEOUT_MS, () => {
      outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`));
    });
    outgoing.once('error', fail);
    outgoing.end();
  });
}

async function collect(incoming: IncomingMessage): Promise<string> {
  incoming.setEncoding('utf8');
  let body = '';
  for await (const chunk of incoming) body += chunk;
  return body;
}

function explain(socket: string, error: unknown): ClearnatError {
  const hint = '(start it with `clearnat run --config FILE`)';
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return new NotRunningError(`clearnat is not running: no socket at ${socket} ${hint}`, error);
    case 'ECONNREFUSED':
      return new NotRunningError(
        `clearnat is not running: nobody answers at ${socket} ${hint}`,
        error,
      );
    case 'EACCES':
      return new NotRunningError(
        `no permission for ${socket}: run as root or as a member of the socket's group`,
        error,
      );
    default:
      return new ClearnatError('api_failed', `${socket}: ${messageOf(error)}`, { cause: error });
  }
}
