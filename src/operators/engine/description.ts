/** What is known of an observable of ours without subscribing to it: kept by weak reference, so that it costs nothing else. */
import type { Observable } from 'rxjs'

export interface Description {
  readonly name: string
  /** Items it holds at most; Infinity where nothing bounds them. */
  readonly holds: number
  /** What happens when it is full. */
  readonly policy?: string
  readonly source?: Observable<unknown>
  /** Where there are several. */
  readonly sources?: readonly unknown[]
  /** No stage: a name for what is above. */
  readonly isPart?: boolean
  /** Pipelines within it, built on `root`. */
  readonly branches?: (root: Observable<never>) => readonly Observable<unknown>[]
}

const descriptions = new WeakMap<Observable<unknown>, Description>()

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of any items
export function described<O extends Observable<any>>(observable: O, description: Description): O {
  descriptions.set(observable, description)
  return observable
}

export function descriptionOf(observable: Observable<unknown>): Description | undefined {
  return descriptions.get(observable)
}
