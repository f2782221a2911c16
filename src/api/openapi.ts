// The OpenAPI 3.1 document: made from the schemas that the routes check with,
// so it cannot say anything else.

import type { FastifyInstance, RouteOptions } from 'fastify';
import { ConfigSchema } from '../config/schema.js';
import { version } from '../version.js';
import { Fault } from './schemas.js';

interface RouteSchema {
  querystring?: { properties: Record<string, object>; required?: string[] };
  response?: Record<string, object>;
}

/** Call before the first route; serves /openapi.json. */
export function openApi(server: FastifyInstance): void {
  const paths: Record<string, Record<string, object>> = {};
  server.addHook('onRoute', (route) => {
    const methods = [route.method].flat().filter((method) => method !== 'HEAD');
    for (const method of methods) {
      paths[route.url] = { ...paths[route.url], [method.toLowerCase()]: operation(route) };
    }
  });
  server.get('/openapi.json', () => ({
    openapi: '3.1.0',
    info: { title: 'ClearNAT', version: version() },
    paths,
    components: { schemas: { Configuration: ConfigSchema, Fault } },
  }));
}

function operation(route: RouteOptions): object {
  const { querystring, response = {} } = (route.schema ?? {}) as RouteSchema;
  const content = (schema: object) => ({ content: { 'application/json': { schema } } });
  const responses: Record<string, object> = {};
  for (const [status, schema] of Object.entries(response)) {
    responses[status] = { description: status === '200' ? 'done' : 'refused', ...content(schema) };
  }
  if (Object.keys(responses).length === 0) responses['200'] = { description: 'done' };
  const fault = { $ref: '#/components/schemas/Fault' };
  responses.default = { description: 'failed', ...content(fault) };
  const parameters = Object.entries(querystring?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: querystring?.required?.includes(name) ?? false,
    schema,
  }));
  return { parameters, responses };
}
