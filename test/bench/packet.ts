// Cost per packet, in nanoseconds, by BPF_PROG_TEST_RUN.
//
// Every run restores its packet first (a wrapper program copies it from a map
// and tail-calls the program under test), and the cost of the wrapper with an
// empty program behind it is subtracted. References (one hash look-up, hot and
// over 512k keys; an array look-up) are measured in the same process, interleaved.
// Medians of several rounds; the ratio to the look-up travels between machines.
//
//   npm run bench [-- --rounds N] [--json FILE]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { Bench } from './support/bench.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    flows: { type: 'string', default: '524288' },
    json: { type: 'string' },
  },
});

const bench = await Bench.open(Number(values.flows));
try {
  const rows = bench.measure(Number(values.rounds));
  console.log('path                                         median ns   of H   of C');
  for (const { name, ns, ofHot, ofCold } of rows)
    console.log(
      `${name.padEnd(44)} ${ns.toFixed(1).padStart(9)} ${ofHot.toFixed(2).padStart(6)} ${ofCold.toFixed(2).padStart(6)}`,
    );
  console.log(
    'H: hash look-up, one key; C: hash look-up over all keys at random; both 16-byte keys',
  );
  if (values.json) {
    mkdirSync(dirname(values.json), { recursive: true });
    writeFileSync(
      values.json,
      `${JSON.stringify({ programs: bench.programs(), rows }, null, 2)}\n`,
    );
  }
} finally {
  bench.close();
}
