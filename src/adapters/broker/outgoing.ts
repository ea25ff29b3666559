/** Messages that begin here: deliveries of no broker, for a `to` that publishes them. */
import type { OperatorFunction } from 'rxjs'
import { background, type Context, type Goroutine } from '../../runtime/index.js'
import { time } from '../../runtime/internal.js'
import { fromIterable, run } from '../../operators/index.js'
import { Envelope, positionOf, type Delivery, type Right } from './delivery.js'
import { uniqueName } from './unique-name.js'

/** The facts of a message to publish. */
export interface Outgoing {
  readonly key?: string | null
  readonly headers?: ReadonlyMap<string, string>
  /** Called where the message can never be published. */
  readonly refused?: (cause: unknown) => void
}

/** A delivery of a message that no broker has yet: its settlement has no effect, but for a refusal. */
export function outgoing<T>(value: T, { key = null, headers = new Map(), refused }: Outgoing = {}): Delivery<T> {
  const right: Right = {
    key,
    headers,
    attempt: 1,
    position: positionOf(uniqueName('outgoing'), 0, 0, time.timers.wall()), // it may become the id of the message
    ctx: background,
    payload: value,
    isSettled: false,
    failures: 0,
    refusal: null,
    origins: [],
    settle: (outcome) => {
      if (outcome.kind === 'reject') refused?.(outcome.cause)
    },
  }
  return new Envelope(value, right)
}

/** Publishes a message, and ends when the broker has confirmed. */
export function publishing<T>(ctx: Context, delivery: Delivery<T>, to: OperatorFunction<Delivery<T>, Delivery<T>>): Goroutine<void> {
  return run(ctx, fromIterable([delivery]).pipe(to))
}
