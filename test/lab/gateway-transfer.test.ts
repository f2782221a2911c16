// 100 MB each way through each backend and each kind of server.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type BackendName, type Scenario, startScenario } from './support/scenario.js';
import { addresses } from './support/topology.js';

const size = 100 * 1000 * 1000;
const cases = [
  ['nginx', 'backend1', 8011],
  ['nginx', 'backend2', 8012],
  ['python', 'backend1', 8021],
  ['python', 'backend2', 8022],
] as const satisfies readonly (readonly ['nginx' | 'python', BackendName, number])[];

describe('transfers of 100 MB', { timeout: 180_000 }, () => {
  let scenario: Scenario;
  let source: string;
  let digest: string;
  before(async () => {
    scenario = await startScenario();
    source = join(scenario.lab.dir, 'random');
    // One random megabyte, turned a little for each further one: cheap, yet no two windows alike.
    const block = randomBytes(1_000_000);
    const data = Buffer.concat(
      Array.from({ length: size / block.length }, (_, i) =>
        Buffer.concat([block.subarray(i * 97), block.subarray(0, i * 97)]),
      ),
    );
    writeFileSync(source, data);
    digest = createHash('sha256').update(data).digest('hex');
    for (const [kind, backend] of cases)
      writeFileSync(join(scenario.backends[backend][kind].documents, 'download'), data);
  });
  after(() => scenario?.destroy());

  const limits = ['-s', '-S', '-f', '-m', '60'];
  for (const [kind, backend, port] of cases) {
    const url = `http://${addresses.vip4}:${port}`;

    test(`download from ${kind} on ${backend}`, async () => {
      const client = scenario.lab.hosts.client1;
      const { stdout } = await client.script(
        'set -o pipefail; curl "${@:2}" "$1/download" | sha256sum | cut -d" " -f1',
        [url, ...limits],
        { timeoutMs: 70_000 },
      );
      assert.equal(stdout.trim(), digest);
    });

    test(`upload to ${kind} on ${backend}`, async () => {
      const client = scenario.lab.hosts.client2;
      const upload = ['curl', ...limits, '-H', 'Expect:', '-T', source, `${url}/put/upload`];
      const { stdout } = await client.run(upload, { timeoutMs: 70_000 });
      if (kind === 'python') assert.equal(stdout.trim(), digest);
      else {
        const stored = join(scenario.backends[backend].nginx.documents, '../put/upload');
        assert.equal(createHash('sha256').update(readFileSync(stored)).digest('hex'), digest);
      }
    });
  }
});
