import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fetchJson, withApi } from './support.js';

interface Described {
  openapi: string;
  paths: Record<string, Record<string, { parameters: { name: string }[]; responses: object }>>;
  components: { schemas: Record<string, { properties: object }> };
}

it('GET /openapi.json describes every route that is there', () =>
  withApi(async ({ socket }) => {
    const { status, body } = await fetchJson(socket, '/openapi.json');
    assert.equal(status, 200);
    const { openapi, paths, components } = body as Described;
    assert.match(openapi, /^3\./);
    assert.deepEqual(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method} ${path}`),
      ),
      [
        'get /openapi.json',
        'get /v1/status',
        'get /v1/loadbalancers',
        'get /v1/stats',
        'get /v1/connections',
        'post /v1/reload',
      ],
    );
    assert.deepEqual(
      paths['/v1/connections']?.get?.parameters.map(({ name }) => name),
      ['client', 'vip', 'member', 'state', 'limit'],
    );
    assert.deepEqual(Object.keys(components.schemas.Configuration?.properties ?? {}), [
      'gateway',
      'pools',
      'loadbalancers',
    ]);
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) {
        assert.equal((await fetchJson(socket, path, method.toUpperCase())).status, 200, path);
      }
    }
  }));
