import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AddonLoadError, addon, errnoName, NativeError } from '../../../src/native/index.js';
import { loadAddon } from '../../../src/native/loader.js';
import { scratchDir } from './support.js';

describe('loadAddon', () => {
  it('lists what it tried, and why that failed', () => {
    const root = scratchDir();
    const prebuilt = join(root, 'native', 'prebuilds', `linux-${process.arch}`);
    mkdirSync(prebuilt, { recursive: true });
    writeFileSync(join(prebuilt, 'clearnat.node'), 'not a library');
    assert.throws(
      () => loadAddon(root),
      (error) => {
        assert.ok(error instanceof AddonLoadError);
        assert.match(error.message, /prebuilds\/linux-\w+\/clearnat\.node: .*(ELF|header|short)/);
        assert.match(error.message, /build\/Release\/clearnat\.node: no such file/);
        assert.match(error.message, /npm run build:native/);
        return true;
      },
    );
  });

  it('finds the built addon', () => {
    assert.match(addon.libbpfVersion(), /^v1\.\d+/);
    assert.ok(addon.possibleCpus() >= 1);
  });
});

describe('NativeError', () => {
  it('names errors', () => {
    assert.equal(errnoName(2), 'ENOENT');
    assert.equal(errnoName(95), 'EOPNOTSUPP');
    assert.equal(errnoName(11), 'EAGAIN');
    assert.equal(errnoName(524), 'ENOTSUPP');
    assert.equal(errnoName(9999), 'E9999');
  });

  it('is what the addon throws', () => {
    assert.throws(
      () => addon.openPinnedMap('/nonexistent'),
      (error) => {
        assert.ok(error instanceof NativeError);
        assert.equal(error.syscall, 'BPF_OBJ_GET');
        assert.ok(error.errno > 0);
        assert.equal('verifierLog' in error, false);
        return true;
      },
    );
  });
});
