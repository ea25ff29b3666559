/** The facts that a source or stage gives about itself without a subscription: for `bounds`, `graph` and `refuse`. */
import { Observable, type Subscriber, type Subscription } from 'rxjs'
import type { Failure } from '../../runtime/internal.js'

export interface Description {
  readonly name: string
  /** The most items held; Infinity where nothing bounds them. */
  readonly holds: number
  /** The overflow policy, unless a full stage pauses its source. */
  readonly policy?: string
  readonly source?: Observable<unknown>
  /** The sources of a stage that has several. */
  readonly sources?: readonly unknown[]
  /** Not a stage: a name for the part above it. */
  readonly isPart?: boolean
  /** The parts it builds while it runs, of which nothing is known without a subscription. */
  readonly unseen?: string
  /** The stage as it was written down: runs note in it the unseen parts that they meet. */
  readonly notes?: { readonly unseen: string | null }
  /** The pipelines within the stage, built on `root`. */
  readonly branches?: (root: Observable<never>) => readonly Observable<unknown>[]
  /** The pipeline is never subscribed to: it fails, or with null completes, at once. */
  readonly refused?: (failure: Failure | null) => void
}

/** By weak reference, so that a description costs nothing else. */
const descriptions = new WeakMap<Observable<unknown>, Description>()

/** An observable with a description. `subscribe` runs for each subscriber, and returns what to do when it leaves. */
export function described<T>(
  description: Description,
  subscribe: (subscriber: Subscriber<T>) => (() => void) | Subscription | void,
): Observable<T> {
  const observable = new Observable<T>(subscribe)
  descriptions.set(observable, description)
  return observable
}

export function descriptionOf(observable: Observable<unknown>): Description | undefined {
  return descriptions.get(observable)
}
