// The address filter of bpf/gateway/filter.h: two bits for each of 65,536 hash
// values. Several addresses may share a hash value, so the classes are counted.
import { addr_class, addr_filter } from './abi.js';

const MULTIPLIER = 0x9e3779b1;

/** Same as filter_hash4() for IPv4 (mapped) addresses. */
export function filterHash(address: Uint8Array): number {
  const view = Buffer.from(address.buffer, address.byteOffset, 16);
  return Math.imul(view.readUInt32BE(12), MULTIPLIER) >>> 16;
}

export class AddressFilter {
  readonly #counts = new Map<number, { ours: number; source: number }>();

  /** class: ADDR_OURS or ADDR_SOURCE; add and remove in pairs. */
  change(address: Uint8Array, kind: number, by: 1 | -1): void {
    const hash = filterHash(address);
    const count = this.#counts.get(hash) ?? { ours: 0, source: 0 };
    if (kind & addr_class.ADDR_OURS) count.ours += by;
    if (kind & addr_class.ADDR_SOURCE) count.source += by;
    if (count.ours > 0 || count.source > 0) this.#counts.set(hash, count);
    else this.#counts.delete(hash);
  }

  /** The value for the addr_filters map. */
  encode(): Buffer {
    const value = Buffer.alloc(addr_filter.size);
    for (const [hash, count] of this.#counts) {
      const kind =
        (count.ours > 0 ? addr_class.ADDR_OURS : 0) |
        (count.source > 0 ? addr_class.ADDR_SOURCE : 0);
      value[hash >> 2] = (value[hash >> 2] ?? 0) | (kind << ((hash & 3) * 2));
    }
    return value;
  }
}
