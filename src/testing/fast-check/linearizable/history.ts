/**
 * A history of concurrent calls, and the search for a sequential order of them: the algorithm of Wing and Gong (1993),
 * with the partial histories of Lowe (2017) left out, since the histories are short.
 *
 *     g1  push(1) ├────────┤            g2's pop may come before or after push(1), and must come before push(2)
 *     g2      pop() ├────┤
 *     g1                     push(2) ├──┤
 *
 * A call that waits at the end of the run, when no goroutine can continue, waits forever. It has taken no effect, and the
 * specification must say that it waits in the final state: so a lost wake-up is found too. A call whose goroutine the
 * schedule canceled may have taken effect or not.
 *
 * Always true: a call comes first only if no other call that is left returned before it began.
 */
import fc from 'fast-check'
import { isSame } from '../../marbles/same-values.js'
import { callText, type Call } from './calls.js'

/**
 * Returned by a method of a specification: in this state the call waits. It must not have changed the state.
 */
export const waits: unique symbol = Symbol.for('millrace.waits')

/** The result of a call. */
export type Result = { readonly returned: unknown } | { readonly threw: unknown }

/** A call with the times at which it began and returned, counted in events of the history. */
export interface Performed extends Call {
  readonly goroutine: number
  readonly began: number
  /** Null while it waits, and of a call that was canceled. */
  result: Result | null
  isCanceled: boolean
  ended: number
}

type Methods = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

/** The calls of the history in a sequential order that explains their results; null where there is none. */
export function orderOf(history: readonly Performed[], spec: () => object): readonly Performed[] | null {
  return extended([], history, spec)
}

function extended(order: readonly Performed[], left: readonly Performed[], spec: () => object): readonly Performed[] | null {
  if (left.every((one) => one.isCanceled || (one.result === null && resultIn(order, one, spec) === waits))) return order
  const firstEnd = Math.min(...left.map(({ ended }) => ended))
  for (const next of left) {
    if (next.began > firstEnd || !explains(resultIn(order, next, spec), next)) continue
    const found = extended([...order, next], left.filter((one) => one !== next), spec) // prettier-ignore
    if (found !== null) return found
  }
  return null
}

/** The result of a call after others, on a new object of the specification. */
function resultIn(order: readonly Call[], next: Call, spec: () => object): Result | typeof waits {
  const model = spec() as Methods // `linearizable` has checked that it has the methods
  for (const call of order) resultOf(model, call)
  return resultOf(model, next)
}

function resultOf(model: Methods, { method, args }: Call): Result | typeof waits {
  try {
    const returned = model[method](...args)
    return returned === waits ? waits : { returned }
  } catch (threw) {
    return { threw }
  }
}

function explains(expected: Result | typeof waits, { result: got, isCanceled }: Performed): boolean {
  if (expected === waits) return false
  if (got === null) return isCanceled
  if ('threw' in expected) return 'threw' in got && textOf(expected.threw) === textOf(got.threw)
  return 'returned' in got && isSame(expected.returned, got.returned)
}

/** Errors are the same where their names and messages are. */
function textOf(error: unknown): unknown {
  return error instanceof Error ? String(error) : error
}

/** A line for each call, with the events between which it ran: `1–4  g1 push(1) → undefined`. */
export function historyText(history: readonly Performed[]): string {
  return history.map((one) => `  ${timeOf(one)}  g${one.goroutine + 1} ${callText(one)} ${resultText(one)}`).join('\n')
}

function timeOf({ began, ended }: Performed): string {
  return `${began}–${ended === Infinity ? '…' : ended}`.padEnd(6)
}

function resultText({ result, isCanceled }: Performed): string {
  if (result === null) return isCanceled ? 'is canceled' : 'waits'
  return 'threw' in result ? `throws ${String(result.threw)}` : `→ ${fc.stringify(result.returned)}`
}
