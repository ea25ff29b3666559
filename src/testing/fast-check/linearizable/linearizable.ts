/**
 * Random concurrent calls of a structure, compared with a sequential specification. The models are Lincheck (Koval et
 * al., 2023), which runs calls under controlled schedules, and Knossos, which searches for an order of a history.
 */
import fc, { type Arbitrary } from 'fast-check'
import { fromPromise } from '../../../runtime/index.js'
import {
  checkCount,
  checkFunction,
  checkRecord,
  isGenerator,
  isJob,
  isOperation,
  isThenable,
  mistyped,
  spawn,
} from '../../../runtime/internal.js'
import { ScheduledRunner } from '../../explore/scheduled-run.js'
import type { ReplayOptions } from '../../explore/explore.js'
import { checkRun } from '../../explore/check-options.js'
import { schedule } from '../schedule.js'
import type { RunSchedule } from '../run-schedule.js'
import { callsOf, type Call, type Calls } from './calls.js'
import { historyText, orderOf, type Performed, type Result, type waits } from './history.js'

/** The result of a method once it is performed: of an operation, a generator or a promise, its own result. */
type Performing<R> = R extends Generator<never, infer T> ? T : R extends PromiseLike<infer T> ? T : R

/** A method of a specification may also say that the call waits, and may return nothing where the result is undefined. */
type Specified<T> = T | (undefined extends T ? void : never) | typeof waits

/** The sequential specification of a structure: the same methods, which return at once. */
export type Specification<S extends object, M extends keyof S> = {
  readonly [K in M]: S[K] extends (...args: infer A) => infer R ? (...args: A) => Specified<Performing<R>> : never
}

/** The methods that are called, each with an arbitrary for each of its arguments. */
export type Operations<S extends object, M extends keyof S> = {
  readonly [K in M]: S[K] extends (...args: infer A) => unknown ? { readonly [I in keyof A]: Arbitrary<A[I]> } : never
}

/** Options of `linearizable`, and those of `replay`. */
export interface LinearizableOptions extends ReplayOptions {
  /** The highest number of goroutines; default 3. */
  readonly goroutines?: number
  /** The highest number of calls of each goroutine; default 3. The search for an order takes exponential time. */
  readonly calls?: number
}

/**
 * A property for `fc.assert`: goroutines call a structure under a random schedule, and the results must be those of the
 * same calls one after the other, in an order in which a call that returned before another began comes first. The
 * counterexample is shrunk to few calls and few switches, and holds the schedule as a token.
 *
 * `spec()` makes a sequential specification: an object with the same methods, which return at once. It returns `waits`
 * where the call waits in that state. `make()` makes the structure; its methods return a value, an operation, a
 * generator or a promise. A call that still waits when no goroutine can continue must wait by the specification too, so
 * a lost wake-up is found. Two errors are the same where their names and messages are. Throws TypeError or RangeError
 * for bad arguments. Sources: Herlihy and Wing (1990), Wing and Gong (1993).
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * const counter = () => {
 *   let n = 0
 *   return { increment: () => ++n }
 * }
 * const lossy = () => {
 *   let n = 0
 *   return {
 *     *increment() {
 *       const before = n
 *       yield* gosched()
 *       return (n = before + 1)
 *     },
 *   }
 * }
 * await fc.assert(linearizable(counter, counter, { increment: [] }))
 * const { failed } = await fc.check(linearizable(counter, lossy, { increment: [] }))
 * console.log(failed) // true
 * ```
 */
export function linearizable<S extends object, M extends keyof S & string>(
  spec: () => NoInfer<Specification<S, M>>,
  make: () => S,
  operations: Operations<S, M>,
  options: LinearizableOptions = {},
): fc.IAsyncProperty<[Calls, RunSchedule]> {
  checkFunction('linearizable(spec)', spec)
  checkFunction('linearizable(make)', make)
  checkOperations(operations)
  checkRun('linearizable(spec, make, operations, ', options, ['goroutines', 'calls'])
  const { goroutines = 3, calls = 3, ...runs } = options
  for (const [name, n] of Object.entries({ goroutines, calls })) checkCount(`linearizable({ ${name} })`, 1, n)
  const methods = Object.keys(operations)
  const arbitraries = operations as Readonly<Record<string, readonly Arbitrary<unknown>[]>> // `checkOperations` has looked
  return fc.asyncProperty(callsOf(arbitraries, { goroutines, calls }), schedule(runs), async (plan, s) => {
    checkMethods('linearizable(spec)', methods, spec())
    const history = await s.run(() => new Recording(plan, checkMethods('linearizable(make)', methods, make())).run())
    if (orderOf(history, spec) === null)
      throw new Error(
        `linearizable: no sequential order of these calls explains their results (begin–end, goroutine, call):\n${historyText(history)}`,
      )
  })
}

function checkOperations(operations: unknown): void {
  const where = 'linearizable(operations)'
  const expected = 'a record with a list of arbitraries for each method'
  checkRecord(where, expected, operations)
  const methods = Object.entries(operations as object) // `checkRecord` has looked
  if (methods.length === 0) throw mistyped(where, expected, operations)
  for (const [method, args] of methods)
    if (!Array.isArray(args) || !args.every((arg) => arg instanceof fc.Arbitrary))
      throw mistyped(`linearizable({ ${method} })`, 'a list of arbitraries', args)
}

/** Returns the object. */
function checkMethods(where: string, names: readonly string[], made: unknown): object {
  if (typeof made !== 'object' || made === null) throw mistyped(`${where}: the result`, 'an object', made)
  for (const name of names)
    if (typeof Reflect.get(made, name) !== 'function') throw mistyped(`${where}: the method ${name}`, 'a function', Reflect.get(made, name))
  return made
}

type Methods = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

/** A run of the calls, which records when each begins and ends. */
class Recording {
  private readonly _history: Performed[] = []
  private _events = 0

  constructor(
    private readonly _plan: Calls,
    private readonly _structure: object,
  ) {}

  /** Once no goroutine can continue, the goroutines that wait are canceled. */
  *run(): Generator<never, readonly Performed[]> {
    const goroutines = this._plan.goroutines.map((calls, i) => {
      const body = (): Generator<never, void> => this._callAll(calls, i)
      return spawn(Object.defineProperty(body, 'name', { value: `g${i + 1}` }), [], null)
    })
    const { current } = ScheduledRunner
    if (current !== null) yield* current.quiescence() // a schedule runs it, so there is one
    const history = this._history.map((one) => ({ ...one, isCanceled: one.result === null && goroutines[one.goroutine].wasCanceled }))
    for (const one of goroutines) one.cancel()
    for (const one of goroutines) yield* one.join().attempt()
    return history
  }

  private *_callAll(calls: readonly Call[], goroutine: number): Generator<never, void> {
    for (const call of calls) {
      const one: Performed = { ...call, goroutine, began: ++this._events, result: null, isCanceled: false, ended: Infinity }
      this._history.push(one)
      one.result = yield* this._resultOf(call)
      one.ended = ++this._events
    }
  }

  private *_resultOf({ method, args }: Call): Generator<never, Result> {
    try {
      const methods = this._structure as Methods // the types of `linearizable` say so
      return { returned: yield* performed(methods[method](...args)) }
    } catch (threw) {
      return { threw }
    }
  }
}

function* performed(made: unknown): Generator<never, unknown> {
  if (isOperation(made) || isJob(made)) return yield* made
  if (isGenerator(made)) return yield* made as Generator<never, unknown> // a goroutine function yields operations only
  return isThenable(made) ? yield* fromPromise(made) : made
}
