/** Checks of the arguments of suites, before any exploration, and of the results of `make`. */
import { isObservable, type Observable, type OperatorFunction } from 'rxjs'
import { checkCount, checkFunction, mistyped } from '../../../runtime/internal.js'
import type { LawOptions } from '../law.js'

/** `kind` as in `laws.kind(make, options)`. */
export function checkLaws(kind: string, make: unknown, options: LawOptions & { readonly bound?: number }): void {
  checkFunction(`laws.${kind}(make)`, make)
  if (typeof options !== 'object') throw mistyped(`laws.${kind}(make, options)`, 'an object', options)
  const { schedules = 1, many = 1, bound = Infinity } = options
  checkCount(`laws.${kind}(make, { schedules })`, 1, schedules)
  checkCount(`laws.${kind}(make, { many })`, 1, many)
  if (bound !== Infinity) checkCount(`laws.${kind}(make, { bound })`, 0, bound)
}

/** Returns the result of `make` where `isExpected` accepts it; else throws TypeError. */
export function checkedResult<M>(kind: string, expected: string, isExpected: (made: M) => boolean, made: M): M {
  const thing: unknown = made
  if (thing === undefined || thing === null || !isExpected(made)) throw mistyped(`laws.${kind}(make): make returns`, expected, made)
  return made
}

export function checkedSource(made: Observable<number>): Observable<number> {
  return checkedResult('source', 'an Observable', isObservable, made)
}

/** The operator, with a check of the returned observable. */
export function checkedOperator<R>(made: OperatorFunction<number, R>): OperatorFunction<number, R> {
  const operator = checkedResult('operator', 'an operator', (it) => typeof it === 'function', made)
  return (source) => checkedResult('operator', 'an operator that returns an Observable', isObservable, operator(source))
}
