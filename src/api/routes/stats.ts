import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../runtime.js';
import { Stats } from '../schemas.js';

export function statsRoutes(server: FastifyInstance, runtime: Runtime): void {
  server.get('/v1/stats', { schema: { response: { 200: Stats } } }, () => runtime.stats());
}
