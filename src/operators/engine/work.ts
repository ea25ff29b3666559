/** What a worker may answer, and how it is told apart. */
import { isObservable, type Observable } from 'rxjs'
import { isGenerator, isOperation, isThenable, mistyped, Spawned } from '../../runtime/internal.js'

/**
 * What a worker may answer: a value, a promise, an operation, a generator (run as a goroutine), or an observable (each of its items is a
 * result). An array is a value.
 */
export type Work<R> = R | PromiseLike<R> | Generator<never, R, any> | Observable<R> // eslint-disable-line @typescript-eslint/no-explicit-any -- what `next` is sent is the run queue's own business

export type Kind = 'value' | 'promise' | 'operation' | 'generator' | 'observable'

/** Throws TypeError for what looks like work and cannot be done: an async generator, the handle of a goroutine. */
export function kindOf(work: unknown): Kind {
  if (typeof work !== 'object' || work === null) return 'value'
  if (work instanceof Promise) return 'promise' // first, for it is what most work is
  if (isOperation(work)) return 'operation'
  if (isThenable(work)) return 'promise'
  if (isGenerator(work)) {
    if (isAsyncGenerator(work)) throw mistyped('what a worker answers', 'a value or work; for an async generator fromIterable of it', work)
    return 'generator'
  }
  if (isObservable(work)) return 'observable'
  if (work instanceof Spawned) throw mistyped('what a worker answers', 'a value or work; for a goroutine its join()', work)
  return 'value'
}

function isAsyncGenerator(work: object): boolean {
  return Object.prototype.toString.call(work) === '[object AsyncGenerator]'
}
