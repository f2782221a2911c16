// SPDX-License-Identifier: Apache-2.0
// Builds build/Release/clearnat.node: `npm run build:native`. Node's headers
// come from npm_config_nodedir, else from beside the running node (its own
// prefix, as NodeSource, Debian's libnode-dev and the npm package "node" have
// them), else node-gyp downloads them.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');

function nodeDir() {
  if (process.env.npm_config_nodedir) return process.env.npm_config_nodedir;
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const candidates = [prefix, join(prefix, '..', `node-linux-${process.arch}`), '/usr'];
  return candidates.find((dir) => existsSync(join(dir, 'include/node/node_api.h')));
}

function nodeGyp(command) {
  const dir = nodeDir();
  const args = [gyp, command, '-C', here, '--silent', '--jobs', 'max'];
  if (dir) args.push(`--nodedir=${dir}`);
  const env = { ...process.env, MAKEFLAGS: '--no-print-directory' };
  return spawnSync(process.execPath, args, { stdio: 'inherit', env }).status === 0;
}

process.exit(nodeGyp('configure') && nodeGyp('build') ? 0 : 1);
