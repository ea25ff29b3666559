/** What a worker may answer, and how it is told apart. */
import { isObservable, type Observable } from 'rxjs'
import { isGenerator, isOperation } from '../runtime/kernel.js'

/**
 * What a worker may answer: a value, a promise, an operation, a generator (run as a goroutine), or an observable (each of its items is a
 * result). An array is a value.
 */
export type Work<R> = R | PromiseLike<R> | Generator<never, R, any> | Observable<R> // eslint-disable-line @typescript-eslint/no-explicit-any -- what `next` is sent is the run queue's own business

export type Kind = 'value' | 'promise' | 'operation' | 'generator' | 'observable'

export function kindOf(work: unknown): Kind {
  if (typeof work !== 'object' || work === null) return 'value'
  if (isOperation(work)) return 'operation'
  if (typeof (work as { then?: unknown }).then === 'function') return 'promise'
  if (isGenerator(work)) return 'generator'
  return isObservable(work) ? 'observable' : 'value'
}

const GeneratorFunction = Object.getPrototypeOf(function* () {}).constructor as FunctionConstructor // eslint-disable-line require-yield -- only its constructor is wanted

export function isGeneratorFunction(f: unknown): boolean {
  return f instanceof GeneratorFunction
}
