/** One function in each of the three forms of a goroutine's body. */
import type { Body } from 'millrace'

export interface Kind {
  readonly kind: 'generator' | 'async' | 'plain'
  /** A body with the result, or the error, of `f`. */
  readonly of: <A extends readonly unknown[], R>(f: (...args: A) => R) => Body<A, R>
}

export const kinds: readonly Kind[] = [
  {
    kind: 'generator',
    of: (f) =>
      function* (...args) {
        return f(...args)
      },
  },
  {
    kind: 'async',
    of:
      (f) =>
      async (...args) =>
        f(...args),
  },
  { kind: 'plain', of: (f) => f },
]
