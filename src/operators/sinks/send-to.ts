import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Op, Sender } from '../../runtime/index.js'
import { mistyped } from '../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../demand/intake.js'
import { Serial } from '../engine/serial.js'
import { operate } from '../engine/stage.js'

export interface SendToOptions extends StageOptions {
  /** Close the channel when the source completes, or with the cause when it fails. */
  readonly close?: boolean
}

class SendTo<T> extends Serial<T, never> {
  constructor(
    subscriber: Subscriber<never>,
    notes: StageNotes,
    private readonly sender: Sender<T>,
    private readonly closes: boolean,
  ) {
    super(subscriber, notes)
  }

  protected operationFor(value: T): Op<void> {
    return this.sender.send(value)
  }

  through(): void {
    this.flow.free(1)
  }

  override finish(): void {
    if (this.closes && !this.sender.closed) this.sender.close()
    super.finish()
  }

  override failing(cause: unknown): void {
    if (this.closes && !this.sender.closed) this.sender.close(cause)
  }
}

/**
 * Sends each item to a channel, and pauses the source while the send waits. Emits nothing; completes when the source has and the last item
 * is sent. With `close` it closes the channel then, or with the cause when the pipeline fails. Fails with "send on closed channel".
 *
 * @example
 * ```ts
 * run(ctx, fromReceiver(jobs).pipe(workerPool(5, work), sendTo(results, { close: true })))
 * ```
 */
export function sendTo<T>(sender: Sender<T>, options?: SendToOptions): OperatorFunction<T, never> {
  // from JavaScript it may be anything
  if (typeof (sender as Partial<Sender<T>> | null | undefined)?.send !== 'function') throw mistyped('sendTo(sender)', 'a Sender', sender)
  const notes = stageNotes('sendTo', options)
  return operate(notes, 1, (subscriber) => new SendTo(subscriber, notes, sender, options?.close === true))
}
