/** Constructors for fp-ts's Option and Either. The runtime takes fp-ts's types and none of its code. */
import type { Either } from 'fp-ts/lib/Either.js'
import type { Option } from 'fp-ts/lib/Option.js'

export type { Either, Option }

export const none: Option<never> = { _tag: 'None' }

export function some<T>(value: T): Option<T> {
  return { _tag: 'Some', value }
}

export function left<E>(left: E): Either<E, never> {
  return { _tag: 'Left', left }
}

export function right<T>(right: T): Either<never, T> {
  return { _tag: 'Right', right }
}
