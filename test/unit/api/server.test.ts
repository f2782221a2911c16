import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidConfigError } from '../../../src/errors.js';
import { connections, stats, status, tree } from './memory-runtime.js';
import { fetchJson, withApi } from './support.js';

describe('the API', () => {
  it('serves what the runtime knows', () =>
    withApi(async ({ socket }) => {
      assert.deepEqual(await fetchJson(socket, '/v1/status'), { status: 200, body: status });
      assert.deepEqual(await fetchJson(socket, '/v1/loadbalancers'), {
        status: 200,
        body: { loadbalancers: tree },
      });
      assert.deepEqual(await fetchJson(socket, '/v1/stats'), { status: 200, body: stats });
    }));

  it('filters connections', () =>
    withApi(async ({ socket }) => {
      const clients = async (query: string) => {
        const { status: code, body } = await fetchJson(socket, `/v1/connections${query}`);
        assert.equal(code, 200, JSON.stringify(body));
        const page = body as { connections: typeof connections; more: boolean };
        return [
          page.connections.map((row) => connections.findIndex((c) => c.client === row.client)),
          page.more,
        ];
      };
      assert.deepEqual(await clients(''), [[0, 1, 2], false]);
      assert.deepEqual(await clients('?limit=2'), [[0, 1], true]);
      assert.deepEqual(await clients('?limit=3'), [[0, 1, 2], false]);
      assert.deepEqual(await clients('?client=198.51.100.0/24'), [[0, 1], false]);
      assert.deepEqual(await clients('?client=198.51.100.8'), [[1], false]);
      assert.deepEqual(await clients('?client=2001:db8:9::/48'), [[2], false]);
      assert.deepEqual(await clients('?state=established'), [[0, 2], false]);
      assert.deepEqual(await clients('?state=time-wait&client=0.0.0.0/0'), [[1], false]);
      assert.deepEqual(await clients('?vip=203.0.113.10'), [[0, 1, 2], false]);
      assert.deepEqual(await clients('?vip=203.0.113.10:444'), [[], false]);
      assert.deepEqual(await clients('?member=10.0.2.11:8443&limit=1'), [[0], true]);
      assert.deepEqual(await clients('?member=[2001:db8::1]:80'), [[], false]);
    }));

  for (const query of [
    'client=x',
    'client=10.0.0.1/8',
    'vip=10.0.0.1:0',
    'vip=10.0.0.1:70000',
    'member=[10.0.0.1',
    'member=2001:db8::1:80:90:1:2:3:4',
    'state=OPEN',
    'limit=0',
    'limit=1.5',
    'limit=100001',
    'limit=x',
    'color=red',
  ]) {
    it(`answers 400 to ${query}`, () =>
      withApi(async ({ socket }) => {
        const { status: code, body } = await fetchJson(socket, `/v1/connections?${query}`);
        assert.equal(code, 400, JSON.stringify(body));
        assert.equal((body as { code: string }).code, 'bad_request');
      }));
  }

  it('answers 404 with a code', () =>
    withApi(async ({ socket }) => {
      assert.deepEqual(await fetchJson(socket, '/v2/x'), {
        status: 404,
        body: { code: 'not_found', message: 'no such resource: GET /v2/x' },
      });
      assert.equal((await fetchJson(socket, '/v1/stats', 'POST')).status, 404);
    }));

  it('reloads, and tells every error of the file', () =>
    withApi(async ({ socket, runtime }) => {
      const done = await fetchJson(socket, '/v1/reload', 'POST');
      assert.deepEqual(done, { status: 200, body: { changed: true, summary: '1 listener added' } });
      const error = { file: 'c.yaml', line: 3, column: 7, path: 'gateway', message: 'is wrong' };
      runtime.refuses = new InvalidConfigError([error], ['c.yaml:3:7: gateway: is wrong']);
      assert.deepEqual(await fetchJson(socket, '/v1/reload', 'POST'), {
        status: 422,
        body: { code: 'invalid_config', message: 'c.yaml:3:7: gateway: is wrong', errors: [error] },
      });
      runtime.refuses = new Error('disk on fire');
      assert.deepEqual(await fetchJson(socket, '/v1/reload', 'POST'), {
        status: 500,
        body: { code: 'internal', message: 'disk on fire' },
      });
      assert.equal(runtime.reloads, 1);
    }));
});
