import type { OperatorFunction, Subscriber } from 'rxjs'
import { CanceledError, type Op, type Sender } from '../../runtime/index.js'
import { causeOf, checkFlag, checkMethod, causeOfThrown, type Failure } from '../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../demand/unpaced.js'
import { SerialStage } from '../engine/serial.js'
import { operate } from '../engine/stage.js'

/** Options of `sendTo`. */
export interface SendToOptions extends StageOptions {
  /**
   * Close the channel when the source completes; with the cause when the pipeline fails, its context ends, or the
   * subscriber leaves.
   */
  readonly close?: boolean
}

/**
 * Sends each item to a channel, and pauses the source while the send waits.
 *
 * Shape: emits nothing. Holds 1 item. Completes when the source has completed and the last item is sent. An error of the
 * source follows after the send under way. Fails with "send on closed channel". A subscriber that leaves withdraws the
 * send. With `close` the channel is closed on every way out: at completion; with the error, when the pipeline fails; with
 * the context's cause, or a CanceledError, when the subscriber leaves. Otherwise it stays open. A pipeline whose context
 * has ended before its subscription closes the channel too, but for a `sendTo` within an argument of an RxJS operator
 * (`merge`, `concat`, `concatMap`): no subscription reaches that, so close such a channel after the run. Throws TypeError
 * for an argument that is no sender.
 *
 * @example
 * ```ts
 * run(ctx, fromReceiver(jobs).pipe(workerPool(5, work), sendTo(results, { close: true })))
 * ```
 */
export function sendTo<T>(sender: Sender<T>, options?: SendToOptions): OperatorFunction<T, never> {
  checkMethod('sendTo(sender)', 'a Sender', sender, 'send')
  const notes = stageNotes('sendTo', options, ['close'])
  checkFlag('sendTo(sender, { close })', options?.close)
  if (options?.close !== true) return operate(notes, 1, (subscriber) => new SendTo(subscriber, notes, sender, false))
  const refused = (failure: Failure | null): void => closeWith(sender, failure)
  return operate(notes, 1, (subscriber) => new SendTo(subscriber, notes, sender, true), refused)
}

function closeWith(sender: Sender<never>, failure: Failure | null): void {
  if (sender.isClosed) return
  if (failure === null) sender.close()
  else sender.close(causeOfThrown(failure.error))
}

class SendTo<T> extends SerialStage<T, never> {
  constructor(
    subscriber: Subscriber<never>,
    notes: StageNotes,
    private readonly _sender: Sender<T>,
    private readonly _closes: boolean,
  ) {
    super(subscriber, notes)
  }

  protected operationFor(value: T): Op<void> {
    return this._sender.send(value)
  }

  performed(): void {
    this.flow.free(1)
  }

  override finish(): void {
    try {
      this._close(null)
    } catch (cause) {
      return this.flow.downstream.error(cause)
    }
    super.finish()
  }

  override failing(cause: unknown): void {
    this._close({ error: cause })
  }

  override leaving(): void {
    const { ctx, cleanup } = this.flow.downstream.scope
    if (ctx.err()._tag === 'Some') this._close({ error: causeOf(ctx) })
    else this._close(cleanup?.failure ?? { error: new CanceledError() })
  }

  private _close(failure: Failure | null): void {
    if (this._closes) closeWith(this._sender, failure)
  }
}
