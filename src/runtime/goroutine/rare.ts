/** The state that few goroutines need: of a goroutine that is canceled, named, given up, or keeps its async context. */
import type { AsyncScope } from '../base/async-scope.js'
import type { Failure } from './owner.js'
import type { Unwinding } from './unwind.js'

export interface Rare {
  /** The name given by `go.named`. */
  readonly name: string | null
  /** The async context of the spawner, where that is kept. */
  readonly scope: AsyncScope | null
  isCanceled: boolean
  /** A join was withdrawn, or a cancel came after the failure. */
  isLeft: boolean
  cause: unknown
  /** The latest failure that a wait or a join threw here. */
  received: { readonly error: unknown } | null
  /** The latest cause without an identity, a string or a number, that a wait threw here. */
  cutOff: { readonly error: unknown } | null
  /** The cancel waits for the next operation. */
  isDue: boolean
  /** Routines under way that a cancel does not interrupt. */
  shields: number
  unwinding: Unwinding | null
  /** The error of a body that yielded something else than an operation: the body is unwound, and fails with it. */
  misuse: Failure | null
}

export function rareOf(name: string | null, scope: AsyncScope | null): Rare {
  return {
    name,
    scope,
    isCanceled: false,
    isLeft: false,
    cause: undefined,
    received: null,
    cutOff: null,
    isDue: false,
    shields: 0,
    unwinding: null,
    misuse: null,
  }
}
