import { checkBytes, checkItems, checkString, checkUint } from './check.js';
import type { RawMap, RawMapInfo } from './raw.js';
import type { BatchResult, BpfMap, MapInfo } from './types.js';

export class NativeMap implements BpfMap {
  readonly info: MapInfo;
  readonly ioValueSize: number;
  readonly #raw: RawMap;

  constructor(raw: RawMap) {
    const { ioValueSize, ...info }: RawMapInfo = raw.info();
    this.#raw = raw;
    this.info = info;
    this.ioValueSize = ioValueSize;
  }

  /** The descriptor, for the rest of the addon. */
  get fd(): number {
    return this.#raw.fd();
  }

  lookup(key: Buffer): Buffer | null {
    checkBytes('key', key, this.info.keySize);
    const value = Buffer.allocUnsafe(this.ioValueSize);
    return this.#raw.lookup(key, value) ? value : null;
  }

  update(key: Buffer, value: Buffer, flags = 0): void {
    checkBytes('key', key, this.info.keySize);
    checkBytes('value', value, this.ioValueSize);
    this.#raw.update(key, value, checkUint('flags', flags));
  }

  delete(key: Buffer): boolean {
    checkBytes('key', key, this.info.keySize);
    return this.#raw.delete(key);
  }

  async entries(): Promise<BatchResult> {
    return this.#raw.entries();
  }

  async updateMany(keys: Buffer, values: Buffer, flags = 0): Promise<void> {
    const count = checkItems('keys', keys, this.info.keySize);
    checkBytes('values', values, count * this.ioValueSize);
    return this.#raw.updateMany(keys, values, count, checkUint('flags', flags));
  }

  async deleteMany(keys: Buffer): Promise<number> {
    const count = checkItems('keys', keys, this.info.keySize);
    return this.#raw.deleteMany(keys, count);
  }

  pin(path: string): void {
    this.#raw.pin(checkString('path', path));
  }

  close(): void {
    this.#raw.close();
  }
}
