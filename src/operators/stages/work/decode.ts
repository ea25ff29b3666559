import type { OperatorFunction, Subscriber } from 'rxjs'
import { fromPromise, type Op, type Sender } from '../../../runtime/index.js'
import { checkOneOf, checkOperation, checkOptions, isOperation, isThenable, mistyped } from '../../../runtime/internal.js'
import { failedGivenUp, type DeadLetter } from '../../demand/errors.js'
import type { StageOptions } from '../../demand/unpaced.js'
import { operate } from '../../engine/stage.js'
import type { Work, WorkerSlot } from '../../engine/worker-slot.js'
import { workerPlan, type Letters, type WorkerPlan } from '../../engine/worker-stage.js'
import { Pool } from './worker-pool.js'
import { textOf, type SchemaIssue, type SchemaResult, type StandardSchema } from './standard-schema.js'

/** An item does not match the schema of `decode`. */
export class InvalidItemError extends Error {
  override readonly name = 'InvalidItemError'
  constructor(
    readonly stage: string,
    /** The number of items that had reached the stage before this item. */
    readonly position: number,
    readonly issues: readonly SchemaIssue[],
  ) {
    const [first, ...others] = issues
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`
    const text = issues.length === 0 ? 'the schema names no issue' : textOf(first)
    super(`millrace: stage "${stage}": the item of position ${position} is invalid: ${text}${more}`)
  }
}

/** The dead letter of an item that does not match the schema. */
export type InvalidItem = DeadLetter<unknown, InvalidItemError>

/**
 * The fate of an invalid item. `stop`: its InvalidItemError ends the pipeline. `skip`: it is left out. A sender: the
 * item is sent there as a dead letter. A function: it is called with the dead letter, and the item is left out.
 */
export type OnInvalid = 'stop' | 'skip' | Sender<InvalidItem> | ((letter: InvalidItem) => unknown)

/**
 * Validates each item with a schema, and passes its output on, in order. Any schema that implements Standard Schema
 * will do: zod, valibot, arktype; validation may be async.
 *
 * Shape: the output of the schema for each valid item, with its type. Holds 1 item, which waits for its validation, or
 * for the send of its dead letter: a full channel pauses the source. Without `onInvalid` an invalid item goes to
 * `catchTo` below, or ends the pipeline with InvalidItemError, which has the issues and the position. A function may
 * return a promise or an operation, which is waited for. An error that the schema or the function throws is an error
 * of the work: it goes to `catchTo` below, or ends the pipeline. Completes, or fails with the error of the source,
 * after the results that are ready. Throws TypeError for a schema without a `~standard`. Source: Standard Schema,
 * https://standardschema.dev.
 *
 * @example
 * ```ts
 * const invalid = chan<InvalidItem>(100)
 * fromReceiver(readings).pipe(decode(readingSchema, invalid), workerPool(2, ({ sensor }) => work(sensor)))
 * ```
 */
export function decode<R>(schema: StandardSchema<R>, onInvalid?: OnInvalid, options?: StageOptions): OperatorFunction<unknown, R> {
  const standard = (schema as Partial<StandardSchema<R>> | null | undefined)?.['~standard'] // from JavaScript it may be anything
  if (typeof standard?.validate !== 'function') throw mistyped('decode(schema)', 'a schema that implements Standard Schema', schema)
  checkOptions('decode(schema, onInvalid)', options)
  const left = leaving(onInvalid)
  const onFailure = onInvalid === 'stop' || onInvalid === 'skip' ? { onFailure: onInvalid } : {}
  const none = (): never => undefined as never // never called: each subscription has work of its own
  const plan = workerPlan<unknown, R>({ operator: 'decode', own: [] }, 1, none, { ...options, ...onFailure })
  const validate = (value: unknown): SchemaResult<R> | Promise<SchemaResult<R>> => standard.validate(value)
  return operate(plan.notes, 1, (subscriber) => new Decoding(subscriber, plan, { validate, left }))
}

/** Deals with an invalid item: a function, or the sender of its letter. Null where the failure policy does. */
type Leaving = ((letter: InvalidItem) => unknown) | Letters | null

function leaving(onInvalid: unknown): Leaving {
  if (onInvalid === undefined || onInvalid === 'stop' || onInvalid === 'skip') return null
  if (typeof onInvalid === 'function') return onInvalid as (letter: InvalidItem) => unknown // of the type of the parameter
  const { send } = (onInvalid ?? {}) as Partial<Sender<InvalidItem>> // a caller in JavaScript may pass any value
  if (typeof send === 'function')
    return {
      // `lettersFor` is the sender only for the letter of an InvalidItemError
      send: (letter) => checkOperation('decode(schema, onInvalid): send()', send.call(onInvalid, letter as InvalidItem)), // as above
    }
  if (typeof onInvalid === 'string') checkOneOf('decode(schema, onInvalid)', ['stop', 'skip'], onInvalid)
  throw mistyped('decode(schema, onInvalid)', '"stop", "skip", a Sender or a function', onInvalid)
}

/** Boxed, so that an output is never taken for work; null for an item that is left out. */
type Box<R> = { readonly output: R } | null

interface Schema<R> {
  readonly validate: (value: unknown) => SchemaResult<R> | Promise<SchemaResult<R>>
  readonly left: Leaving
}

class Decoding<R> extends Pool<unknown, R> {
  override readonly work: (value: unknown) => Work<R>
  private _position = -1

  constructor(
    subscriber: Subscriber<R>,
    plan: WorkerPlan<unknown, R>,
    private readonly _schema: Schema<R>,
  ) {
    super(subscriber, plan, false)
    this.work = (value) => this._validate(value) as Work<R> // `result` opens the box
  }

  /** An item that is invalid stays so. */
  protected override get retries(): null {
    return null
  }

  protected override lettersFor(cause: unknown): Letters | null {
    const { left } = this._schema
    return typeof left === 'object' && left !== null && cause instanceof InvalidItemError ? left : super.lettersFor(cause)
  }

  override result(slot: WorkerSlot<unknown, R>, value: R): void {
    const box = value as Box<R> // of `work`
    if (box === null) slot.end()
    else super.result(slot, box.output)
  }

  private _validate(value: unknown): Work<Box<R>> {
    this._position++
    const result = this._schema.validate(value)
    if (!isThenable(result)) return this._boxed(result, value)
    // It may reject before the goroutine waits for it, and is not unhandled then; after the end nothing waits for it.
    void result.then(undefined, (cause: unknown) => this.flow.isOver && failedGivenUp(cause, this.flow.intake.name))
    return this._later(result, value)
  }

  private *_later(promise: PromiseLike<SchemaResult<R>>, value: unknown): Generator<never, Box<R>> {
    const box = this._boxed(yield* fromPromise(promise), value)
    return isOperation(box) ? ((yield* box) as null) : (box as Box<R>) // the operations result in null, and a box is none
  }

  private _boxed(result: SchemaResult<R>, value: unknown): Box<R> | Op<null> {
    const { name } = this.flow.intake
    const given: unknown = result // a schema of the user may be wrong
    if (typeof given !== 'object' || given === null)
      throw mistyped(`${name}(schema): the result of the schema`, '{ value } or { issues }', result)
    if (result.issues === undefined) return { output: result.value }
    const cause = new InvalidItemError(name, this._position, result.issues)
    const { left } = this._schema
    if (typeof left !== 'function') throw cause // `failed` deals with it
    const done = left({ value, cause, stage: name, position: this._position })
    if (isOperation(done)) return done.map(() => null)
    return isThenable(done) ? fromPromise(done).map(() => null) : null
  }
}
