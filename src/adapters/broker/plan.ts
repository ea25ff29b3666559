/** The words that adapters to servers share: the name of a queue or a log, and a plan of the things at the server that a source needs. */
import type { Op } from '../../runtime/index.js'
import { mistyped } from '../../runtime/internal.js'

/** A thing at the server that is missing, or that differs from the plan. */
export interface Change {
  readonly kind: 'create' | 'differs'
  /** `stream "orders"`, `topic "orders"`. */
  readonly what: string
  /** The settings that differ, each as it is and as it should be; empty for a missing thing. */
  readonly differences: readonly string[]
}

/** The work of `plan`. */
export interface Plan {
  /** The missing things, and those that differ. Changes nothing. */
  check(): Op<readonly Change[]>
  /** Creates the missing things. Nothing is changed or deleted, also where something differs. Returns both, as `check` does. */
  apply(): Op<readonly Change[]>
}

/** The name of a thing at a server is a text that is not empty. */
export function checkName(where: string, name: unknown): void {
  if (typeof name !== 'string' || name === '') throw mistyped(where, 'a name', name)
}

/**
 * The name in `{ queue }` or `{ log }`, of which one is given. `where` is the function with the parameters before its
 * options: `plan(nc, `.
 */
export function nameIn(
  where: string,
  { queue, log }: { readonly queue?: string; readonly log?: string },
  check: (where: string, name: unknown) => void,
): string {
  if (queue !== undefined) check(`${where}{ queue })`, queue)
  if (log !== undefined) check(`${where}{ log })`, log)
  if (queue !== undefined && log !== undefined) throw new TypeError(`${where}{ queue, log }): expected one of both, got both`)
  const name = log ?? queue
  if (name === undefined) throw new TypeError(`${where}options): expected { queue } or { log }, got neither`)
  return name
}
