// Reads and writes the structures of bpf/shared.h. Network-order fields become
// host-order numbers; 64-bit counters become numbers (exact to 2^53), 64-bit
// masks bigints; byte arrays are copied.

type Scalar = 'u8' | 'u16' | 'u32' | 'u64' | 's32' | 's64' | 'be16' | 'be32';

export type Field =
  | { readonly offset: number; readonly kind: Scalar; readonly count?: number }
  | { readonly offset: number; readonly kind: 'bytes'; readonly count: number }
  | { readonly offset: number; readonly kind: 'struct'; readonly of: Layout };

export interface Layout {
  readonly size: number;
  readonly fields: { readonly [name: string]: Field };
}

type ValueOf<F> = F extends { kind: 'bytes' }
  ? Uint8Array
  : F extends { kind: 'struct'; of: infer L extends Layout }
    ? StructOf<L>
    : F extends { kind: 'u64'; count: number }
      ? bigint[]
      : F extends { count: number }
        ? number[]
        : number;

/** The plain object that a layout stands for. */
export type StructOf<L extends Layout> = {
  -readonly [K in keyof L['fields']]: ValueOf<L['fields'][K]>;
};

type Value = number | Uint8Array | number[] | bigint[] | { [name: string]: Value };

const WIDTH: Record<Scalar, number> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  s32: 4,
  s64: 8,
  be16: 2,
  be32: 4,
};

function readScalar(buffer: Buffer, kind: Scalar, at: number): number {
  switch (kind) {
    case 'u8':
      return buffer.readUInt8(at);
    case 'u16':
      return buffer.readUInt16LE(at);
    case 'u32':
      return buffer.readUInt32LE(at);
    case 's32':
      return buffer.readInt32LE(at);
    case 'u64':
      return Number(buffer.readBigUInt64LE(at));
    case 's64':
      return Number(buffer.readBigInt64LE(at));
    case 'be16':
      return buffer.readUInt16BE(at);
    case 'be32':
      return buffer.readUInt32BE(at);
  }
}

function writeScalar(buffer: Buffer, kind: Scalar, at: number, value: number): void {
  switch (kind) {
    case 'u8':
      buffer.writeUInt8(value, at);
      break;
    case 'u16':
      buffer.writeUInt16LE(value, at);
      break;
    case 'u32':
      buffer.writeUInt32LE(value, at);
      break;
    case 's32':
      buffer.writeInt32LE(value, at);
      break;
    case 'u64':
      buffer.writeBigUInt64LE(BigInt(value), at);
      break;
    case 's64':
      buffer.writeBigInt64LE(BigInt(value), at);
      break;
    case 'be16':
      buffer.writeUInt16BE(value, at);
      break;
    case 'be32':
      buffer.writeUInt32BE(value, at);
      break;
  }
}

function readField(buffer: Buffer, field: Field, base: number): Value {
  const at = base + field.offset;
  if (field.kind === 'bytes') return Uint8Array.from(buffer.subarray(at, at + field.count));
  if (field.kind === 'struct') return decodeAt(field.of, buffer, at);
  if (field.count === undefined) return readScalar(buffer, field.kind, at);
  const width = WIDTH[field.kind];
  const kind = field.kind;
  if (kind === 'u64')
    return Array.from({ length: field.count }, (_, i) => buffer.readBigUInt64LE(at + i * 8));
  return Array.from({ length: field.count }, (_, i) => readScalar(buffer, kind, at + i * width));
}

function writeField(buffer: Buffer, field: Field, base: number, value: Value): void {
  const at = base + field.offset;
  if (field.kind === 'bytes') buffer.set((value as Uint8Array).subarray(0, field.count), at);
  else if (field.kind === 'struct')
    encodeInto(field.of, value as { [name: string]: Value }, buffer, at);
  else if (field.count === undefined) writeScalar(buffer, field.kind, at, value as number);
  else if (field.kind === 'u64')
    for (const [i, v] of (value as bigint[]).entries()) buffer.writeBigUInt64LE(v, at + i * 8);
  else {
    const { kind } = field;
    for (const [i, v] of (value as number[]).entries())
      writeScalar(buffer, kind, at + i * WIDTH[kind], v);
  }
}

function decodeAt(layout: Layout, buffer: Buffer, base: number): { [name: string]: Value } {
  const out: { [name: string]: Value } = {};
  for (const name in layout.fields)
    out[name] = readField(buffer, layout.fields[name] as Field, base);
  return out;
}

function encodeInto(
  layout: Layout,
  values: { [name: string]: Value },
  buffer: Buffer,
  base: number,
): void {
  for (const name in values) {
    const field = layout.fields[name];
    if (!field) throw new TypeError(`no field ${name} in the structure`);
    writeField(buffer, field, base, values[name] as Value);
  }
}

/** The structure at `offset` of a map key or value. */
export function decode<L extends Layout>(layout: L, buffer: Buffer, offset = 0): StructOf<L> {
  return decodeAt(layout, buffer, offset) as StructOf<L>;
}

/** A map key or value; what is not given is zero. */
export function encode<L extends Layout>(layout: L, values: Partial<StructOf<L>>): Buffer {
  const buffer = Buffer.alloc(layout.size);
  encodeInto(layout, values as { [name: string]: Value }, buffer, 0);
  return buffer;
}

/** A 32-bit map key. */
export function index(value: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(value);
  return key;
}
