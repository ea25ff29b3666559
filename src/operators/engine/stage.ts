/**
 * A stage: what it does with an item. There is a class for each operator; its items move in a `Flow`.
 *
 * Always true: each item that `take` receives ends with `flow.deliver`, `flow.free` or `flow.fail`, once.
 */
import type { OperatorFunction, Subscriber } from 'rxjs'
import type { Demand, Hold } from '../demand/demand.js'
import { type StageNotes } from '../demand/unpaced.js'
import { described, type Description } from '../demand/scope.js'
import { Flow, type FlowStage } from './flow.js'

export abstract class Stage<T, R> implements FlowStage<T> {
  readonly flow: Flow<T, R>

  constructor(subscriber: Subscriber<R>, notes: StageNotes, slots: number) {
    this.flow = new Flow<T, R>(this, subscriber, notes, slots)
  }

  abstract take(value: T): void
  abstract stopWork(): void
  flush(): void {}
  failing(_cause: unknown): void {}
  /** By default the error waits until every item has left. */
  sourceFailed(): void {}
  leaving(): void {}
  finish(): void {
    this.flow.downstream.complete()
  }
  get below(): Demand {
    return this.flow.downstream.demand
  }
  /** True where everything that has arrived has left; else `then` runs when it has. Slots are freed in the order of the items. */
  passes(then: () => void, hold: Hold): boolean {
    return this.flow.passesInOrder(then, hold)
  }
}

/** The operator whose subscriptions are stages created by `make`, with this number of slots. */
export function operate<T, R>(
  notes: StageNotes,
  slots: number,
  make: (subscriber: Subscriber<R>) => Stage<T, R>,
  refused?: Description['refused'],
): OperatorFunction<T, R> {
  return (source) => {
    const policy = notes.overflow === 'keep' ? {} : { policy: notes.overflow }
    return described<R>({ name: notes.name, holds: slots, ...policy, source, notes, ...(refused && { refused }) }, (subscriber) =>
      make(subscriber).flow.connect(source),
    )
  }
}
