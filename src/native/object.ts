import { checkBytes, checkString, checkUint } from './check.js';
import { NativeMap } from './map.js';
import { NativeProgram } from './program.js';
import type { RawObject } from './raw.js';
import type { BpfMap, BpfObject, BpfProgram } from './types.js';

/** Descriptor of a map made by this addon. */
export function mapFd(map: BpfMap): number {
  if (!(map instanceof NativeMap)) throw new TypeError('map: expected a BpfMap of this addon');
  return map.fd;
}

export class NativeObject implements BpfObject {
  readonly #raw: RawObject;

  constructor(raw: RawObject) {
    this.#raw = raw;
  }

  setRodata(offset: number, data: Buffer): void {
    this.#raw.setRodata(checkUint('offset', offset), checkBytes('data', data));
  }

  setMaxEntries(map: string, entries: number): void {
    this.#raw.setMaxEntries(checkString('map', map), checkUint('entries', entries));
  }

  setMapFlags(map: string, flags: number): void {
    this.#raw.setMapFlags(checkString('map', map), checkUint('flags', flags));
  }

  reuseMap(name: string, map: BpfMap): void {
    this.#raw.reuseMap(checkString('name', name), mapFd(map));
  }

  setAutoload(program: string, load: boolean): void {
    this.#raw.setAutoload(checkString('program', program), Boolean(load));
  }

  setProgramFlags(program: string, flags: number): void {
    this.#raw.setProgramFlags(checkString('program', program), checkUint('flags', flags));
  }

  async load(): Promise<void> {
    return this.#raw.load();
  }

  mapNames(): string[] {
    return this.#raw.mapNames();
  }

  programNames(): string[] {
    return this.#raw.programNames();
  }

  map(name: string): BpfMap {
    return new NativeMap(this.#raw.map(checkString('name', name)));
  }

  program(name: string): BpfProgram {
    return new NativeProgram(this.#raw.program(checkString('name', name)));
  }

  close(): void {
    this.#raw.close();
  }
}
