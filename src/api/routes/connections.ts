import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { DEFAULT_LIMIT, MAX_LIMIT, parseFilter } from '../filter.js';
import type { Runtime } from '../runtime.js';
import { ConnectionPage } from '../schemas.js';

const Query = Type.Object(
  {
    client: Type.Optional(Type.String({ description: 'address or CIDR' })),
    vip: Type.Optional(Type.String({ description: 'address or address:port' })),
    member: Type.Optional(Type.String({ description: 'address or address:port' })),
    state: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT })),
  },
  { additionalProperties: false },
);

export function connectionRoutes(server: FastifyInstance, runtime: Runtime): void {
  const schema = { querystring: Query, response: { 200: ConnectionPage } };
  server.get<{ Querystring: Static<typeof Query> }>('/v1/connections', { schema }, (request) =>
    runtime.connections(parseFilter(request.query)),
  );
}
