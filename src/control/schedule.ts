// The order in which a round-robin pool's members are picked.

export interface Weighted {
  id: number;
  /** 1-256. */
  weight: number;
}

export function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/**
 * Smooth weighted round robin (nginx, ngx_http_upstream_get_round_robin_peer):
 * each turn everybody gains its weight, the richest is picked and pays the sum.
 * One period of sum(weights)/gcd(weights) picks is returned; repeated, every
 * window of that length holds each member exactly weight/gcd times.
 * Takes members × period additions; equal weights need none.
 */
export function smoothSequence(members: readonly Weighted[]): Uint32Array {
  const divisor = members.reduce((sum, member) => gcd(sum, member.weight), 0);
  const weights = Int32Array.from(members, (member) => member.weight / divisor);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === members.length) return Uint32Array.from(members, (member) => member.id);
  const current = new Int32Array(weights.length);
  const sequence = new Uint32Array(total);
  for (let turn = 0; turn < total; turn++)
    sequence[turn] = members[pick(current, weights, total)]?.id ?? 0;
  return sequence;
}

function pick(current: Int32Array, weights: Int32Array, total: number): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < weights.length; i++) {
    const credit = (current[i] as number) + (weights[i] as number);
    current[i] = credit;
    if (credit > most) {
      most = credit;
      best = i;
    }
  }
  current[best] = most - total;
  return best;
}
