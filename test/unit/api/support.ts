import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, startApi } from '../../../src/api/server.js';
import { MemoryRuntime } from './memory-runtime.js';

/** A folder for sockets, removed afterwards. */
export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'clearnat-api-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Running {
  socket: string;
  runtime: MemoryRuntime;
  api: Api;
}

export function withApi<T>(body: (running: Running) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const socket = join(folder, 'api.sock');
    const runtime = new MemoryRuntime();
    const api = await startApi({ socket, runtime });
    try {
      return await body({ socket, runtime, api });
    } finally {
      await api.close();
    }
  });
}

export function fetchJson(
  socketPath: string,
  path: string,
  method = 'GET',
): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method, agent: false }, async (incoming) => {
      let body = '';
      for await (const chunk of incoming) body += chunk;
      resolve({ status: incoming.statusCode, body: JSON.parse(body) });
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}
