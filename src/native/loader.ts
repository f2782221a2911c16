import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AddonLoadError, NativeError } from './errors.js';
import type { RawAddon } from './raw.js';

/** The package's folder: the nearest one above with native/binding.gyp or package.json. */
function packageRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json')) && dirname(dir) !== dir) dir = dirname(dir);
  return dir;
}

function candidates(root: string): string[] {
  return [
    join(root, 'native', 'prebuilds', `linux-${process.arch}`, 'clearnat.node'),
    join(root, 'native', 'build', 'Release', 'clearnat.node'),
  ];
}

/** Loads the prebuilt addon, else the one built here; throws AddonLoadError. */
export function loadAddon(root = packageRoot()): RawAddon {
  const load = createRequire(import.meta.url);
  const tried: string[] = [];
  for (const path of candidates(root)) {
    try {
      const raw = load(path) as RawAddon;
      raw.setErrorClass(NativeError);
      return raw;
    } catch (error) {
      const reason = existsSync(path) ? (error as Error).message : 'no such file';
      tried.push(`  ${path}: ${reason.split('\n')[0]}`);
    }
  }
  throw new AddonLoadError(
    `cannot load the native addon; tried\n${tried.join('\n')}\nbuild it with: npm run build:native`,
  );
}
