/** Option and Either: the shapes of fp-ts, as types of the package's own, so that the runtime needs no other package. */

/** A value that may be absent. The shape is that of fp-ts: each Option serves as the other. */
export type Option<A> = { readonly _tag: 'None' } | { readonly _tag: 'Some'; readonly value: A }

/** A failure (`Left`) or a value (`Right`). The shape is that of fp-ts: each Either serves as the other. */
export type Either<E, A> = { readonly _tag: 'Left'; readonly left: E } | { readonly _tag: 'Right'; readonly right: A }

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
