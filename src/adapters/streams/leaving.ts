/** What a pipeline does with a stream of a host that it leaves. Types alone come from the operators: no rxjs is needed. */
import type { Scope } from '../../operators/internal.js'
import { CanceledError } from '../../runtime/index.js'
import { causeOf, spawn } from '../../runtime/internal.js'

/** The cause for the stream: that of the context, the error of the run, or a CanceledError where the subscriber just leaves. */
export function causeOfLeaving({ ctx, cleanup, demand }: Scope): unknown {
  if (ctx.err()._tag === 'Some') return causeOf(ctx)
  const failure = demand.failure ?? cleanup?.failure ?? null
  return failure === null ? new CanceledError() : failure.error
}

/** The run ends when the stream has freed its descriptor or socket. */
export function runWaitsFor({ cleanup }: Scope, freed: () => Promise<void>): void {
  cleanup?.add(spawn(freed, [], null, 'stream close'))
}
