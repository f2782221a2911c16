import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../runtime.js';
import { Status } from '../schemas.js';

export function statusRoutes(server: FastifyInstance, runtime: Runtime): void {
  server.get('/v1/status', { schema: { response: { 200: Status } } }, () => runtime.status());
}
