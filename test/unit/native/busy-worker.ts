// Has something of everything under way; handles.test.ts ends it.
import { parentPort, workerData } from 'node:worker_threads';
import { addon } from '../../../src/native/index.js';
import { sh } from './support.js';

function throwing(): void {
  process.on('uncaughtException', (error) => {
    console.log(`uncaught: ${error.message}`);
    process.exit(0);
  });
  addon.netlinkMonitor(
    () => {
      throw new Error('from the callback');
    },
    () => {},
  );
  sh('ip addr add 127.0.0.3/8 dev lo; ip addr del 127.0.0.3/8 dev lo');
}

async function busy(path: string): Promise<void> {
  const object = addon.openObject(path);
  await object.load();
  addon.ringBuffer(object.map('events'), () => {});
  addon.netlinkMonitor(
    () => {},
    () => {},
  );
  const never = () => {};
  addon.tcpProbe('127.0.0.1', 1, 60_000).catch(never);
  for (let i = 0; i < 50; i++) addon.ping('127.0.0.1', 60_000).catch(never);
  for (let i = 0; i < 8; i++) {
    addon.openObject(path).load().catch(never);
    object.map('hash').entries().catch(never);
    object
      .program('answer')
      .testRunAsync({ data: Buffer.alloc(60), repeat: 100_000 })
      .catch(never);
  }
  parentPort?.postMessage('busy');
}

if (process.argv[2] === 'throw') throwing();
else await busy(workerData as string);
