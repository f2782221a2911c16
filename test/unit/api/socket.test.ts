import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startApi } from '../../../src/api/server.js';
import { AlreadyRunningError, SystemError } from '../../../src/errors.js';
import { MemoryRuntime } from './memory-runtime.js';
import { fetchJson, withApi, withFolder } from './support.js';

const runtime = new MemoryRuntime();

describe("the API's socket", () => {
  it('has mode 0660 and goes away with the daemon', () =>
    withFolder(async (folder) => {
      const socket = join(folder, 'run', 'api.sock');
      const api = await startApi({ socket, runtime });
      const found = await stat(socket);
      assert.ok(found.isSocket());
      assert.equal(found.mode & 0o777, 0o660);
      assert.deepEqual(await readdir(join(folder, 'run')), ['api.sock']);
      await api.close();
      assert.deepEqual(await readdir(join(folder, 'run')), []);
    }));

  it('is refused while a daemon answers, which goes on', () =>
    withApi(async ({ socket }) => {
      await assert.rejects(startApi({ socket, runtime }), AlreadyRunningError);
      assert.equal((await fetchJson(socket, '/v1/status')).status, 200);
    }));

  it('is replaced when its daemon was killed', () =>
    withFolder(async (folder) => {
      const socket = join(folder, 'api.sock');
      const code = `require('node:net').createServer().listen(${JSON.stringify(socket)}, () => console.log('up'))`;
      const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      assert.ok(existsSync(socket));
      const api = await startApi({ socket, runtime });
      assert.equal((await fetchJson(socket, '/v1/status')).status, 200);
      await api.close();
    }));

  it('may have the longest path that the configuration takes', () =>
    withFolder(async (folder) => {
      const socket = join(folder, 's'.repeat(100 - folder.length - 1));
      const api = await startApi({ socket, runtime });
      assert.equal((await fetchJson(socket, '/v1/status')).status, 200);
      await api.close();
    }));

  it('goes to one of several that start at once', () =>
    withFolder(async (folder) => {
      const socket = join(folder, 'api.sock');
      const code = `
        const { startApi } = await import(${JSON.stringify(new URL('../../../src/api/server.js', import.meta.url).href)});
        try { await startApi({ socket: ${JSON.stringify(socket)}, runtime: {} }); console.log('won'); }
        catch (error) { console.log(error.code); }`;
      const children = Array.from({ length: 4 }, () =>
        spawn(process.execPath, ['--input-type=module', '-e', code], {
          stdio: ['ignore', 'pipe', 'inherit'],
        }),
      );
      const said = await Promise.all(
        children.map(async (child) => String((await once(child.stdout, 'data'))[0]).trim()),
      );
      assert.deepEqual(said.sort(), [
        'already_running',
        'already_running',
        'already_running',
        'won',
      ]);
      for (const child of children) child.kill();
    }));

  it('does not replace other files, and says what to do', () =>
    withFolder(async (folder) => {
      const socket = join(folder, 'api.sock');
      await writeFile(socket, 'precious');
      await assert.rejects(startApi({ socket, runtime }), (error: unknown) => {
        assert.ok(error instanceof SystemError);
        assert.match(error.message, /is not a socket: remove it or set gateway\.api\.socket/);
        return true;
      });
      await assert.rejects(startApi({ socket: join(socket, 'x'), runtime }), SystemError);
    }));

  it("a successor's socket survives the end of the former", () =>
    withFolder(async (folder) => {
      const socket = join(folder, 'api.sock');
      const former = await startApi({ socket, runtime });
      await rm(socket);
      const successor = await startApi({ socket, runtime });
      await former.close();
      assert.equal((await fetchJson(socket, '/v1/status')).status, 200);
      await successor.close();
    }));
});
