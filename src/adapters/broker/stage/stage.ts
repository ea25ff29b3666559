import type { OperatorFunction } from 'rxjs'
import { fromPromise, type Context } from '../../../runtime/index.js'
import { checkCount, checkFunction, checkMethod, checkOptions, checkRecord, isThenable, mistyped } from '../../../runtime/internal.js'
import { byKey, workerPool, type FailureOptions, type StandardSchema, type Work } from '../../../operators/index.js'
import { described } from '../../../operators/internal.js'
import type { ThreadPool } from '../../threads/index.js'
import type { EncodeInput, EncodeOutput } from '../decode.js'
import { checkText } from '../delivery.js'
import { performing } from '../performing.js'
import { checkSchema, validated } from '../schema.js'
import { Caller } from './caller.js'
import { linkOf, type StageLink } from './messages.js'

/** The parts of a stage, beside its name and its work. */
export interface StageParts<I extends StandardSchema, O extends StandardSchema> {
  /** Validates each item before the work: what does not match fails with InvalidItemError. */
  readonly input: I
  /** Validates each result. */
  readonly output: O
  /** The items of a key are worked on one after the other. Default: no keys. */
  readonly key?: (item: EncodeInput<I>) => unknown
}

/** Options of `stage.over`. */
export interface OverOptions extends FailureOptions {
  /** The most items that are under way elsewhere. */
  readonly workers: number
}

/** A definition of work that runs here, on threads, or in other processes. */
export interface Stage<T, R> {
  readonly name: string
  /** `n` workers in this process. */
  pool(n: number, options?: FailureOptions): OperatorFunction<T, R>
  /** The same stage with its work, a function of `onThreads`, on the threads of this pool. */
  on(threads: ThreadPool): Stage<T, R>
  /** Workers in the processes that `serve` the stage over a link to the same broker. */
  over(link: StageLink, options: OverOptions): OperatorFunction<T, R>
  /** The work with its validations, for an item: `through(stage.work)` is a worker on deliveries. */
  readonly work: (item: T, ctx: Context) => Generator<never, R>
}

/** Work of a stage: returns a value, a promise, an operation, a job or a generator. */
export type StageWork<T, R> = (item: T, ctx: Context) => Work<R>

/**
 * Defines a stage once, to be placed later: the pipeline stays the same where its work moves to threads or to other
 * processes.
 *
 * - `pool(n)` is `workerPool(n, work, { ordered: true })`, or with `key` `byKey(key, n, work)`.
 * - `on(threads).pool(n)` is the same, on threads. Throws TypeError where the work is no function of `onThreads`.
 * - `over(link, { workers })` sends each item to a process that runs `serve`, and waits for the result. Holds `workers` items.
 *
 * Results leave in the order of the items, and with `key` in the order of the items of the key. An error of the work is the
 * error of the item in each placement, so `onFailure`, `retryEach` and `catchTo` work alike; over a link the error has the name,
 * the message, the stack, the cause and the plain fields of the original, and its class where that is of the language.
 * Over a link items and results are what the link makes of them, JSON mostly: `input` validates what arrives.
 *
 * A worker elsewhere that is killed loses nothing: the broker delivers its item again, so work may run twice, and its first
 * result counts. An item that ends each process that works on it fails with PoisonError. When the subscriber leaves, or an item is
 * canceled, the work that runs elsewhere ends; requests that no worker has begun are worked on for nothing.
 * Throws TypeError for bad arguments.
 *
 * @example
 * ```ts
 * const greet = stage('greet', { input: textSchema, output: textSchema }, (name) => `hello ${name}`)
 * const serving = serve(ctx, link, greet, { workers: 2 }) // in another process
 * const here = await collect(ctx, fromIterable(['ada']).pipe(greet.pool(2))).join()
 * const elsewhere = await collect(ctx, fromIterable(['ada']).pipe(greet.over(link, { workers: 2 }))).join() // the same
 * ```
 */
export function stage<I extends StandardSchema, O extends StandardSchema>(
  name: string,
  parts: StageParts<I, O>,
  work: StageWork<EncodeOutput<I>, EncodeInput<O>>,
): Stage<EncodeInput<I>, EncodeOutput<O>> {
  checkText('stage(name)', 'a string', name)
  checkRecord('stage(name, parts)', '{ input, output, key? }', parts, ['input', 'output', 'key'])
  const { input, output }: Partial<typeof parts> = parts // from JavaScript they may be missing
  if (input === undefined || output === undefined) throw mistyped('stage(name, parts)', '{ input, output, key? }', parts)
  checkSchema('stage(name, { input })', parts.input)
  checkSchema('stage(name, { output })', parts.output)
  if (parts.key !== undefined) checkFunction('stage(name, { key })', parts.key)
  checkFunction('stage(name, parts, work)', work)
  return new Definition(name, parts, work as StageWork<unknown, unknown>) // the schemas judge the types as it runs
}

interface Parts {
  readonly input: StandardSchema
  readonly output: StandardSchema
  readonly key?: (item: unknown) => unknown
}

export class Definition implements Stage<unknown, unknown> {
  /** Items whose work has begun here. */
  private _items = 0
  readonly work = (item: unknown, ctx: Context): Generator<never, unknown> => this._perform(item, ctx)

  constructor(
    readonly name: string,
    private readonly _parts: Parts,
    private readonly _work: StageWork<unknown, unknown>,
  ) {}

  pool(n: number, options?: FailureOptions): OperatorFunction<unknown, unknown> {
    checkCount('stage.pool(n)', 1, n)
    checkOptions('stage.pool(n, options)', options, FAILURE)
    return this._placed(n, this.work, options)
  }

  on(threads: ThreadPool): Definition {
    checkMethod('stage.on(threads)', 'a pool made by threadPool', threads, 'ready')
    const { on } = this._work as { readonly on?: (pool: ThreadPool) => StageWork<unknown, unknown> } // of `onThreads`, or not
    if (typeof on !== 'function') throw mistyped(`stage.on(threads): the work of "${this.name}"`, 'a function of onThreads', this._work)
    return new Definition(this.name, this._parts, on(threads))
  }

  over(link: StageLink, options: OverOptions): OperatorFunction<unknown, unknown> {
    const checked = linkOf('stage.over(link)', link)
    checkRecord('stage.over(link, options)', '{ workers }', options, ['workers', ...FAILURE])
    const { workers, ...failure } = options
    checkCount('stage.over(link, { workers })', 1, workers)
    const placed = (caller: Caller | null): OperatorFunction<unknown, unknown> =>
      this._placed(workers, (item) => caller?.call(item), failure)
    placed(null) // throws for bad options
    return (source) =>
      described({ name: `${this.name} elsewhere`, holds: 0, source }, (subscriber) => {
        const caller = new Caller(this.name, checked, workers)
        const calling = source.pipe(placed(caller)).subscribe(subscriber)
        return () => {
          caller.leave()
          calling.unsubscribe()
        }
      })
  }

  private _placed(n: number, work: StageWork<unknown, unknown>, options?: FailureOptions): OperatorFunction<unknown, unknown> {
    const { key } = this._parts
    const named = { name: this.name, ...options }
    return key === undefined ? workerPool(n, work, { ...named, ordered: true }) : byKey(key, n, work, named)
  }

  private *_perform(item: unknown, ctx: Context): Generator<never, unknown> {
    const position = this._items++
    const input = yield* this._validated('input', item, position)
    const result = this._work(input, ctx)
    const where = `stage "${this.name}": the result of the work`
    return yield* this._validated('output', yield* performing(where, result), position)
  }

  private *_validated(part: 'input' | 'output', value: unknown, position: number): Generator<never, unknown> {
    const { '~standard': standard } = this._parts[part]
    const result = standard.validate(value)
    const settled = isThenable(result) ? yield* fromPromise(result) : result
    const read = validated(`stage "${this.name}": ${part}`, settled, `${this.name}: ${part}`, position)
    if (read.error !== null) throw read.error
    return read.value
  }
}

const FAILURE = ['onFailure', 'schedule', 'name', 'overflow', 'sparse']

export function checkStage(where: string, given: Stage<never, unknown>): Definition {
  if (!(given instanceof Definition)) throw mistyped(where, 'a stage made by stage(name, parts, work)', given)
  return given
}
