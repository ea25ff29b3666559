/** A step that fails at given calls. */
import fc, { toStringMethod } from 'fast-check'
import { checkFunction, isGenerator, isGeneratorFunction, isOperation, isThenable } from '../../runtime/internal.js'

/**
 * `throw`: the call throws, and the step does not run. `reject`: the step does not run either, and the result fails: a
 * rejected promise or, of a generator function, a generator that throws. `after`: the step runs and then fails; its
 * effect stays, its result is lost.
 */
export type FailureWay = 'throw' | 'reject' | 'after'

/** A call that fails, and how it fails. */
export interface FailurePoint {
  /** The call that fails, from 1. */
  readonly call: number
  readonly way: FailureWay
  /** The error thrown: mostly an Error, sometimes another value such as `undefined`. */
  readonly error: unknown
}

/** The failing calls of a step that runs many times; prints as a list. */
export interface Failures {
  /** In the order of the calls; empty where none fails. */
  readonly points: readonly FailurePoint[]
  /**
   * Returns the step with these failures. The calls of each returned function count from 1. For a step that returns an
   * operation or an observable, draw ways without `reject`; for an observable, also without `after`.
   */
  in<A extends readonly unknown[], R>(step: (...args: A) => R): (...args: A) => R
}

export class FailuresAt implements Failures {
  constructor(readonly points: readonly FailurePoint[]) {}

  in<A extends readonly unknown[], R>(step: (...args: A) => R): (...args: A) => R {
    checkFunction('failures.in(step)', step)
    let calls = 0
    return (...args) => {
      calls++
      const point = this.points.find(({ call }) => call === calls)
      return point === undefined ? step(...args) : (failing(step, args, point) as R) // fails where an R would
    }
  }

  toString(): string {
    return `[${this.points.map(({ call, way, error }) => `{ call: ${call}, way: '${way}', error: ${fc.stringify(error)} }`).join(', ')}]`
  }

  [toStringMethod](): string {
    return this.toString()
  }
}

function failing<A extends readonly unknown[]>(step: (...args: A) => unknown, args: A, { way, error }: FailurePoint): unknown {
  if (way === 'throw') throw error
  if (way === 'reject') return isGeneratorFunction(step) ? throwing(null, error) : rejected(error)
  const result = step(...args)
  if (isOperation(result)) return result.map(() => raise(error))
  if (isGenerator(result)) return throwing(result as Generator<never, unknown>, error) // a goroutine function yields operations only
  if (isThenable(result)) return result.then(() => raise(error))
  return raise(error)
}

function* throwing(step: Generator<never, unknown> | null, error: unknown): Generator<never, never> {
  if (step !== null) yield* step
  raise(error)
}

function raise(error: unknown): never {
  throw error
}

async function rejected(error: unknown): Promise<never> {
  throw error
}
