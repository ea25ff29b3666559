/** What the laws are given, looked at before anything is explored; and what `make` answers, when it does. */
import { isObservable, type Observable, type OperatorFunction } from 'rxjs'
import { checkCount, checkFunction, mistyped } from '../../../runtime/internal.js'
import type { LawOptions } from './law.js'

/** `kind` as in `laws.kind(make, options)`. */
export function checkLaws(kind: string, make: unknown, options: LawOptions & { readonly bound?: number }): void {
  checkFunction(`laws.${kind}(make)`, make)
  if (typeof options !== 'object') throw mistyped(`laws.${kind}(make, options)`, 'an object', options)
  const { schedules = 1, many = 1, bound = Infinity } = options
  checkCount(`laws.${kind}(make, { schedules })`, 1, schedules)
  checkCount(`laws.${kind}(make, { many })`, 1, many)
  if (bound !== Infinity) checkCount(`laws.${kind}(make, { bound })`, 0, bound)
}

/** What `make` answered, if `isOne` says that it is what was asked for. */
export function madeOf<M>(kind: string, what: string, isOne: (made: M) => boolean, made: M): M {
  const thing: unknown = made
  if (thing === undefined || thing === null || !isOne(made)) throw mistyped(`laws.${kind}(make): make is to answer`, what, made)
  return made
}

export function sourceMade(kind: string, made: Observable<number>): Observable<number> {
  return madeOf(kind, 'an Observable', isObservable, made)
}

/** The operator, and what it makes of a source. */
export function operatorMade<R>(made: OperatorFunction<number, R>): OperatorFunction<number, R> {
  const operator = madeOf('operator', 'an operator', (one) => typeof one === 'function', made)
  return (source) => madeOf('operator', 'an operator, which answers an Observable', isObservable, operator(source))
}
