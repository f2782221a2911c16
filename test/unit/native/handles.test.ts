import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { compile, enterNamespace, noBpf, noNamespace, suiteUnless, until } from './support.js';

enterNamespace(import.meta.url);

const busy = new URL('./busy-worker.js', import.meta.url);

/** Open descriptors that only the addon makes. */
function addonDescriptors(): string[] {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return targets.filter((target) => /anon_inode:bpf/.test(target));
}

async function started(worker: Worker): Promise<void> {
  await new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
}

suiteUnless(noBpf || noNamespace, 'handles', () => {
  it('are closed when their environment ends, whatever is under way', async () => {
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(busy, { workerData: compile('xdp') });
      await started(worker);
      assert.ok(addonDescriptors().length > 0);
      await worker.terminate();
      await until(() => addonDescriptors().length === 0, 'descriptors to be closed');
    }
  });

  it('are closed when collected', async () => {
    const script = `
      import { readdirSync, readlinkSync } from 'node:fs';
      import { addon } from ${JSON.stringify(new URL('../../../src/native/index.js', import.meta.url))};
      const open = () => readdirSync('/proc/self/fd').filter((fd) => {
        try { return readlinkSync('/proc/self/fd/' + fd).includes('bpf'); } catch { return false; }
      }).length;
      for (let i = 0; i < 100; i++) addon.createMap(1, 4, 4, 1, 0);
      const before = open();
      gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
      console.log(before, open());`;
    const args = ['--expose-gc', '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.match(stdout, /^100 [0-5]\n$/, stderr);
  });

  it('let the process end when nothing is watched, and keep it when something is', () => {
    const run = (code: string) =>
      spawnSync(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          `import { addon } from ${JSON.stringify(new URL('../../../src/native/index.js', import.meta.url))}; ${code}`,
        ],
        { encoding: 'utf8', timeout: 2000, killSignal: 'SIGKILL' },
      ).signal;
    assert.equal(run("await addon.ping('127.0.0.1', 100)"), null);
    assert.equal(run('addon.netlinkMonitor(() => {}, () => {}).close()'), null);
    assert.equal(run('addon.netlinkMonitor(() => {}, () => {})'), 'SIGKILL');
  });

  it('report exceptions of callbacks as uncaught', () => {
    const { stdout } = spawnSync(process.execPath, [fileURLToPath(busy), 'throw'], {
      encoding: 'utf8',
    });
    assert.equal(stdout, 'uncaught: from the callback\n');
  });
});
