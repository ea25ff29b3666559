import type { Observable } from 'rxjs'
import { background, CanceledError, chan, type Context, type Receiver } from '../../runtime/index.js'
import { checkContext, checkCount, checkRecord, causeOfThrown, spawn, type Owner } from '../../runtime/internal.js'
import { checkPipeline, running } from './run.js'
import { sendTo } from './send-to.js'

/** Options of `toReceiver`. */
export interface ToReceiverOptions {
  /** Items that wait in the channel before the pipeline pauses; 0 for none. */
  readonly capacity: number
  /** Ends the pipeline; the receiver then throws its cause. Default: `background`. */
  readonly ctx?: Context
}

/**
 * A sink that runs a pipeline and returns a receiver of its items. The pipeline starts soon, and pauses while
 * `capacity` items wait.
 *
 * Shape: one value for each item, in order. Holds `capacity` items, and 1 item that waits to be sent. The channel is
 * closed when the pipeline completes, and closed with the cause when the pipeline fails or the context ends. End the
 * pipeline by the context: a receiver cannot cancel.
 *
 * @example
 * ```ts
 * for await (const item of toReceiver(orders, { capacity: 16, ctx })) use(item)
 * ```
 */
export function toReceiver<T>(pipeline: Observable<T>, options: ToReceiverOptions): Receiver<T> {
  checkPipeline('toReceiver(pipeline)', pipeline)
  checkRecord('toReceiver(pipeline, options)', '{ capacity, ctx? }', options, ['capacity', 'ctx'])
  const { capacity, ctx = background } = options
  checkCount('toReceiver(pipeline, { capacity })', 0, capacity)
  checkContext('toReceiver(pipeline, { ctx })', ctx)
  const items = chan<T>(capacity)
  const owner: Owner = {
    ended(_, failure) {
      if (!items.isClosed) items.close(failure === null ? new CanceledError() : causeOfThrown(failure.error))
      return true // the receiver throws it
    },
  }
  spawn(running, [ctx, pipeline.pipe(sendTo(items, { close: true, name: 'toReceiver' }))], owner, 'running')
  return items
}
