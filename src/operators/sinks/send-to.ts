import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Op, Sender } from '../../runtime/index.js'
import { checkMethod } from '../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../demand/intake.js'
import { SerialStage } from '../engine/serial.js'
import { operate } from '../engine/stage.js'

/** Options of `sendTo`. */
export interface SendToOptions extends StageOptions {
  /** Close the channel when the source completes, or with the cause when the pipeline fails. */
  readonly close?: boolean
}

/**
 * Sends each item to a channel, and pauses the source while the send waits.
 *
 * Shape: emits nothing. Holds 1 item. Completes when the source has completed and the last item is sent; with `close`
 * it closes the channel then, or closes the channel with the cause when the pipeline fails. Fails with "send on closed
 * channel". A subscriber that leaves withdraws the send and leaves the channel open. Throws TypeError for an argument
 * that is no sender.
 *
 * @example
 * ```ts
 * run(ctx, fromReceiver(jobs).pipe(workerPool(5, work), sendTo(results, { close: true })))
 * ```
 */
export function sendTo<T>(sender: Sender<T>, options?: SendToOptions): OperatorFunction<T, never> {
  checkMethod('sendTo(sender)', 'a Sender', sender, 'send')
  const notes = stageNotes('sendTo', options)
  return operate(notes, 1, (subscriber) => new SendTo(subscriber, notes, sender, options?.close === true))
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
    if (this._closes && !this._sender.closed) this._sender.close()
    super.finish()
  }

  override failing(cause: unknown): void {
    if (this._closes && !this._sender.closed) this._sender.close(cause)
  }
}
