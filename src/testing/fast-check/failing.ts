/** Steps that fail where they are told to. */
import fc, { toStringMethod } from 'fast-check'
import { checkFunction, isGenerator, isGeneratorFunction, isOperation, isThenable } from '../../runtime/internal.js'

/**
 * `throw`: the call throws, and nothing is done. `reject`: nothing is done either, and what the call answers fails: a promise that is rejected, or, of a
 * generator function, a generator that throws. `after`: the step is done, and then fails: its effect is there, its result is not.
 */
export type FailureWay = 'throw' | 'reject' | 'after'

export interface FailurePoint {
  /** Which call fails, from 1. */
  readonly call: number
  readonly way: FailureWay
  /** What is thrown: mostly an Error, sometimes another thing, `undefined` among them. */
  readonly error: unknown
}

/** Calls that fail, of a step that is called again and again; prints as the list of them. */
export interface Failures {
  /** By call; empty where all goes well. */
  readonly points: readonly FailurePoint[]
  /**
   * The step, failing at those calls; the calls of what it answers are counted from 1, apart from those of any other. A step that answers an operation or an
   * observable is to be given ways without `reject`; an observable also without `after`.
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
      return point === undefined ? step(...args) : (failing(step, args, point) as R) // an R that fails
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
  const answer = step(...args)
  if (isOperation(answer)) return answer.map(() => raise(error))
  if (isGenerator(answer)) return throwing(answer as Generator<never, unknown>, error) // of a goroutine
  if (isThenable(answer)) return answer.then(() => raise(error))
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
