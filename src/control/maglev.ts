// Consistent hashing tables after Eisenbud et al., "Maglev: A Fast and Reliable
// Software Network Load Balancer" (NSDI 2016), section 3.4, with weights.

import type { Weighted } from './schedule.js';

export interface MaglevMember extends Weighted {
  /** What the member's preferences are made from: the same on every gateway. */
  name: string;
}

const SLOTS_PER_MEMBER = 3000;
const LARGE = 262_144;
const SLOTS_PER_MEMBER_LARGE = 500;
const SMALLEST = 4;
/** A present table is kept while it has this many slots per member. */
const ENOUGH = 1000;

/**
 * Slots for a number of members. Rounded up to a power of two they get 3,000
 * each, from 262,144 slots on 500 each; the size is the next prime. Taking one
 * member out then moves about 0.4 % of the others' slots, at most 1 %
 * (test/unit/control/maglev.test.ts measures it).
 *
 * Another size moves everybody, so a pool keeps the size it has until that is
 * too small: it never shrinks, and grows when members have come to four times
 * as many as it was made for. Health does not matter: the count is of all members.
 */
export function maglevSize(members: number, present = 0): number {
  if (members === 0) return 0;
  const rounded = Math.max(2 ** Math.ceil(Math.log2(members)), SMALLEST);
  const wanted = Math.max(
    Math.min(rounded * SLOTS_PER_MEMBER, LARGE),
    rounded * SLOTS_PER_MEMBER_LARGE,
  );
  const least = Math.min(members * ENOUGH, wanted);
  return present >= least && present > SMALLEST ? present : nextPrime(wanted);
}

const primes = new Map<number, number>();

function nextPrime(from: number): number {
  let prime = primes.get(from);
  if (prime === undefined) {
    prime = from;
    while (!isPrime(prime)) prime++;
    primes.set(from, prime);
  }
  return prime;
}

function isPrime(value: number): boolean {
  if (value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++)
    if (value % divisor === 0) return false;
  return true;
}

/** FNV-1a with murmur3's finaliser: good enough to spread, stable for ever. */
function hash(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** Member ids by slot. Independent of the order in which members are given. */
export function maglevTable(
  given: readonly MaglevMember[],
  size = maglevSize(given.length),
): Uint32Array {
  if (given.length === 0) return new Uint32Array(0);
  const members = [...given].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const heaviest = members.reduce((most, member) => Math.max(most, member.weight), 1);
  const next = Uint32Array.from(members, (member) => hash(member.name, 1) % size);
  const skip = Uint32Array.from(members, (member) => (hash(member.name, 2) % (size - 1)) + 1);
  const credit = new Uint32Array(members.length);
  const weights = Uint32Array.from(members, (member) => member.weight);
  // Member by slot, from 1; 0: free.
  const owners = new Uint32Array(size);
  for (let filled = 0; filled < size; ) {
    for (let i = 0; i < weights.length && filled < size; i++) {
      const sum = (credit[i] as number) + (weights[i] as number);
      credit[i] = sum < heaviest ? sum : sum - heaviest;
      if (sum < heaviest) continue;
      const step = skip[i] as number;
      let slot = next[i] as number;
      while (owners[slot] !== 0) slot = slot + step < size ? slot + step : slot + step - size;
      owners[slot] = i + 1;
      next[i] = slot + step < size ? slot + step : slot + step - size;
      filled++;
    }
  }
  return owners.map((owner) => (members[owner - 1] as MaglevMember).id);
}
