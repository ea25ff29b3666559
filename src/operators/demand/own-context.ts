/**
 * The context of a stage or source: it ends when the stage does, not by itself when the context below ends.
 *
 * The context below may end although the stage goes on: above a `share`, the first subscriber publishes its scope, and
 * the others stay when it leaves. So the run unsubscribes when its context ends, and what has no subscriber left ends
 * its own context, with the cause of the context below.
 */
import { background, withCancel, type CancelContext, type Context } from '../../runtime/index.js'
import { causeOf, ShelteredContext } from '../../runtime/internal.js'

export function ownContext(below: Context): CancelContext {
  return withCancel(below === background ? background : new ShelteredContext(below))
}

/** Ends the context of a stage or source that ends. */
export function endOwnContext(own: CancelContext, below: Context): void {
  if (below.err()._tag === 'Some') own.cancel(causeOf(below))
  else own.cancel()
}
