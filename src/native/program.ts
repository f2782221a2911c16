import { checkBytes, checkString, checkUint } from './check.js';
import type { RawLink, RawProgram, RawRun } from './raw.js';
import type {
  BpfProgram,
  ProgramInfo,
  TestRunOptions,
  TestRunResult,
  XdpLink,
  XdpLinkInfo,
} from './types.js';

const HEADROOM = 256;

type RunArguments = [data: Uint8Array, out: Buffer, ctx: Uint8Array | null, repeat: number];

function runArguments({ data, dataOutSize, ctx, repeat }: TestRunOptions): RunArguments {
  checkBytes('data', data);
  const room = checkUint('dataOutSize', dataOutSize ?? data.length + HEADROOM, 0x7fffffff);
  return [
    data,
    Buffer.alloc(room),
    ctx === undefined ? null : checkBytes('ctx', ctx),
    checkUint('repeat', repeat ?? 1, 0x7fffffff),
  ];
}

function runResult({ retval, size, duration }: RawRun, out: Buffer): TestRunResult {
  return { retval, data: out.subarray(0, size), duration };
}

export class NativeProgram implements BpfProgram {
  readonly #raw: RawProgram;

  constructor(raw: RawProgram) {
    this.#raw = raw;
  }

  get fd(): number {
    return this.#raw.fd();
  }

  get info(): ProgramInfo {
    return this.#raw.info();
  }

  testRun(options: TestRunOptions): TestRunResult {
    const args = runArguments(options);
    return runResult(this.#raw.testRun(...args), args[1]);
  }

  async testRunAsync(options: TestRunOptions): Promise<TestRunResult> {
    const args = runArguments(options);
    return runResult(await this.#raw.testRunAsync(...args), args[1]);
  }

  pin(path: string): void {
    this.#raw.pin(checkString('path', path));
  }

  close(): void {
    this.#raw.close();
  }
}

export class NativeXdpLink implements XdpLink {
  readonly #raw: RawLink;

  constructor(raw: RawLink) {
    this.#raw = raw;
  }

  get info(): XdpLinkInfo {
    return this.#raw.info();
  }

  update(program: BpfProgram): void {
    this.#raw.update(program.fd);
  }

  pin(path: string): void {
    this.#raw.pin(checkString('path', path));
  }

  detach(): void {
    this.#raw.detach();
  }

  close(): void {
    this.#raw.close();
  }
}
