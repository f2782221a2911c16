import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../runtime.js';
import { LoadBalancerView, listOf } from '../schemas.js';

export function loadBalancerRoutes(server: FastifyInstance, runtime: Runtime): void {
  const schema = { response: { 200: listOf('loadbalancers', LoadBalancerView) } };
  server.get('/v1/loadbalancers', { schema }, async () => ({
    loadbalancers: await runtime.listTree(),
  }));
}
