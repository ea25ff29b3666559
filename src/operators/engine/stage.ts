/** What all stages have in common, as each of them sees it; what passes through is the business of its flow. */
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import type { StageNotes } from '../demand/intake.js'
import { described } from './description.js'
import { Flow, type StageWork } from './flow.js'

export abstract class Stage<T, R> implements StageWork<T> {
  readonly flow: Flow<T, R>

  constructor(subscriber: Subscriber<R>, notes: StageNotes, places: number) {
    this.flow = new Flow<T, R>(this, subscriber, notes, places)
  }

  abstract take(value: T): void
  abstract stopWork(): void
  flush(): void {}
  failing(_cause: unknown): void {}
  finish(): void {
    this.flow.outlet.complete()
  }
}

/** The operator whose subscriptions are stages made by `make`, with so many places. */
export function operate<T, R>(notes: StageNotes, holds: number, make: (subscriber: Subscriber<R>) => Stage<T, R>): OperatorFunction<T, R> {
  return (source) =>
    described(new Observable<R>((subscriber) => make(subscriber).flow.connect(source)), {
      name: notes.name,
      holds,
      ...(notes.overflow === 'keep' ? {} : { policy: notes.overflow }),
      source,
    })
}
