/** Pseudo-random numbers without state: the finalizer of MurmurHash3 (Appleby, 2008). */

/** Mixes the bits of a number, so that neighboring seeds do not begin alike. */
export function mixBits(n: number): number {
  let x = n | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}

/** A whole number below 2^32 for a pair of numbers. */
export function hashOf(a: number, b: number): number {
  return mixBits(mixBits(a) + Math.imul(b, 0x9e3779b1)) >>> 0
}

/** Scales a hash to a whole number below `n`. */
export function scaled(hash: number, n: number): number {
  return Math.floor((hash / 2 ** 32) * n)
}
