// Where things are, seen from dist/test/lab/support/.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');

export const clearnatMain = join(root, 'dist/src/cli/main.js');
export const toactlBinary = join(root, 'dist/toactl');
export const receiverObject = join(root, 'dist/bpf/receiver.bpf.o');

/** Fails early, with what to do about it, when something was not built. */
export function requireBuilt(...paths: string[]): void {
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw new Error(`not built: ${missing.join(', ')}; run scripts/build first`);
  }
}

/** Debian's own interpreter rather than a version manager's shim, which costs a second. */
export const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
