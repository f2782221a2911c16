// The gateway's own settings: interfaces, the API's listener, SNAT addresses.

import { cidrSize, expandCidr, familyOf } from '../addresses.js';
import type { Path } from '../problems.js';
import { each } from '../read.js';
import type { RawGateway } from '../schema.js';
import { type Report, refuseRepeated } from './report.js';

/** bpf/shared.h: MAX_SNAT. */
export const MAX_SNAT_ADDRESSES = 256;

export function checkGateway(report: Report, gateway: RawGateway): void {
  const where = (index: number): Path => ['gateway', 'interfaces', index];
  refuseRepeated(report, each(gateway.interfaces), (name) => name, where, 'this interface');
  if (gateway.api.listen !== null && gateway.api.token_file === null) {
    const message = 'needs token_file: the API is on TCP only with a bearer token';
    report.add(['gateway', 'api', 'listen'], message, gateway.api.listen);
  }
}

/** Turns CIDRs into addresses; one budget for the whole gateway. */
export class SnatExpander {
  private readonly known = new Set<string>();
  private full = false;

  constructor(private readonly report: Report) {}

  expand(cidrs: readonly string[], path: Path): string[] {
    const result = new Set<string>();
    for (const [index, cidr] of each(cidrs)) {
      const size = cidrSize(cidr);
      if (size > MAX_SNAT_ADDRESSES) {
        const message = `must be at most ${MAX_SNAT_ADDRESSES} addresses, this is ${sizeText(size)}`;
        this.report.add([...path, index], message, cidr);
        continue;
      }
      for (const address of expandCidr(cidr)) {
        if (result.has(address)) {
          this.report.add([...path, index], `has ${address} twice in this list`, cidr);
          break;
        }
        result.add(address);
        this.known.add(address);
      }
      this.checkTotal([...path, index], cidr);
    }
    return [...result];
  }

  /** Every SNAT address of the gateway. */
  get addresses(): ReadonlySet<string> {
    return this.known;
  }

  private checkTotal(path: Path, cidr: string): void {
    if (this.full || this.known.size <= MAX_SNAT_ADDRESSES) return;
    this.full = true;
    const message = `a gateway has at most ${MAX_SNAT_ADDRESSES} SNAT addresses, with this one ${this.known.size}`;
    this.report.add(path, message, cidr);
  }
}

function sizeText(size: number): string {
  return Number.isFinite(size) ? String(size) : 'more than 2147483648';
}

/** Of a list that has been read: it may have holes. */
export function familySet(addresses: readonly (string | undefined)[]): Set<4 | 6> {
  const families = new Set<4 | 6>();
  for (const address of addresses) if (address !== undefined) families.add(familyOf(address));
  return families;
}
