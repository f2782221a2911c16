// The HTTP API: one file per resource in routes/.

import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { faultOf } from './faults.js';
import { openApi } from './openapi.js';
import { connectionRoutes } from './routes/connections.js';
import { loadBalancerRoutes } from './routes/loadbalancers.js';
import { reloadRoutes } from './routes/reload.js';
import { statsRoutes } from './routes/stats.js';
import { statusRoutes } from './routes/status.js';
import type { Runtime } from './runtime.js';
import { ownSocket } from './socket.js';

export interface ApiOptions {
  socket: string;
  runtime: Runtime;
  logger?: FastifyBaseLogger;
}

export interface Api {
  close(): Promise<void>;
}

/** Throws AlreadyRunningError or SystemError when the socket is not to be had. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const server = createServer(options.runtime, options.logger);
  try {
    const socket = await ownSocket(options.socket, (path) => server.listen({ path }));
    return {
      async close() {
        await socket.release();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

export function createServer(runtime: Runtime, logger?: FastifyBaseLogger): FastifyInstance {
  const server: FastifyInstance = fastify({
    ...(logger ? { loggerInstance: logger } : {}),
    // One line per request would drown the daemon's own.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    ajv: { customOptions: { coerceTypes: true, removeAdditional: false, allErrors: true } },
  });
  server.setErrorHandler((error, _request, reply) => {
    const { status, fault } = faultOf(error);
    if (status >= 500) server.log.error({ err: error }, 'request failed');
    return reply.status(status).send(fault);
  });
  server.setNotFoundHandler((request, reply) => {
    const message = `no such resource: ${request.method} ${request.url}`;
    return reply.status(404).send({ code: 'not_found', message });
  });
  openApi(server);
  statusRoutes(server, runtime);
  loadBalancerRoutes(server, runtime);
  statsRoutes(server, runtime);
  connectionRoutes(server, runtime);
  reloadRoutes(server, runtime);
  return server;
}
