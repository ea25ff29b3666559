/** Checks of the arguments of suites, before any exploration, and of the results of `make`. */
import { isObservable, type Observable, type OperatorFunction } from 'rxjs'
import { checkCount, checkFlag, checkFunction, checkOneOf, checkRecord, mistyped } from '../../../runtime/internal.js'
import { checkSeed } from '../../explore/check-options.js'
import type { LawOptions } from '../law.js'

const OF_ALL_LAWS = ['schedules', 'seed', 'many']
const OWN = {
  channel: ['capacities', 'lossy'],
  operator: ['bound', 'ordered', 'works', 'onThrow', 'itemsOf', 'expected', 'lossy', 'resubscribes', 'refusesForeign'],
  source: ['bound', 'ordered', 'cold', 'usesPromises', 'failing'],
  sink: ['bound', 'ordered'],
}
const FLAGS = ['lossy', 'works', 'resubscribes', 'refusesForeign', 'cold', 'usesPromises']
const FUNCTIONS = ['itemsOf', 'expected', 'failing']
type Kind = keyof typeof OWN

/** `kind` as in `laws.kind(make, options)`. */
export function checkLaws(kind: Kind, make: unknown, options: LawOptions & { readonly bound?: number }): void {
  checkFunction(`laws.${kind}(make)`, make)
  checkRecord(`laws.${kind}(make, options)`, 'an object', options, [...OF_ALL_LAWS, ...OWN[kind]])
  const { schedules = 1, many = 1, seed = 1, bound = Infinity } = options
  checkSeed(`laws.${kind}(make, { seed })`, seed)
  checkOwn(`laws.${kind}(make, `, options as Record<string, unknown>) // each suite has some of them
  checkCount(`laws.${kind}(make, { schedules })`, 1, schedules)
  checkCount(`laws.${kind}(make, { many })`, 1, many)
  if (bound !== Infinity) checkCount(`laws.${kind}(make, { bound })`, 0, bound)
}

/** The options that are no numbers. `call` is the call up to its options. */
function checkOwn(call: string, options: Readonly<Record<string, unknown>>): void {
  for (const name of FUNCTIONS) if (options[name] !== undefined) checkFunction(`${call}{ ${name} })`, options[name])
  for (const name of FLAGS) checkFlag(`${call}{ ${name} })`, options[name])
  if (options.onThrow !== undefined) checkOneOf(`${call}{ onThrow })`, ['ends', 'leaves out'], options.onThrow)
  if (call.startsWith('laws.sink')) checkFlag(`${call}{ ordered })`, options.ordered)
  else checkOrdered(`${call}{ ordered })`, options.ordered)
}

/** Checks `ordered`: true, false, or a function that returns the part within which items are ordered. */
function checkOrdered(where: string, ordered: unknown): void {
  if (ordered !== undefined && typeof ordered !== 'boolean' && typeof ordered !== 'function')
    throw mistyped(where, 'true, false or a function', ordered)
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

/** The items that an option of the user returns. */
export function checkedItems(option: string, items: readonly number[]): readonly number[] {
  const isList: boolean = Array.isArray(items)
  if (!isList) throw mistyped(`laws.operator(make, { ${option} }): the result`, 'an array of numbers', items)
  return items
}
