import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../runtime.js';
import { Fault, ReloadResult } from '../schemas.js';

export function reloadRoutes(server: FastifyInstance, runtime: Runtime): void {
  const schema = { response: { 200: ReloadResult, 422: Fault } };
  server.post('/v1/reload', { schema }, () => runtime.reload());
}
