/** A stage from chunks of text to the values of their lines. */
import type { OperatorFunction, Subscriber } from 'rxjs'
import type { StageOptions } from '../../operators/index.js'
import { failedIn, operate, Stage, stageNotes, type StageNotes } from '../../operators/internal.js'
import { checkCount, checkOptions, mistyped } from '../../runtime/internal.js'
import { LineSplitter } from './line-splitter.js'

/** Options of `lines` and `ndjson`. */
export interface LineOptions extends StageOptions {
  /** The longest line, in characters; a longer line fails with a LineTooLongError. Default 16,777,216. */
  readonly maxLength?: number
}

/** The value of a line, or SKIPPED. */
export type ValueOf<R> = (line: string, number: number) => R | typeof SKIPPED

/** The line has no value. */
export const SKIPPED: unique symbol = Symbol('skipped')

export function textStage<R>(name: string, valueOf: ValueOf<R>, options?: LineOptions): OperatorFunction<string | Uint8Array, R> {
  checkOptions(`${name}(options)`, options)
  const { maxLength = 2 ** 24 } = options ?? {}
  checkCount(`${name}({ maxLength })`, 1, maxLength)
  const notes = stageNotes(name, options, ['maxLength'])
  return operate(notes, 1, (subscriber) => new TextStage(subscriber, notes, valueOf, maxLength))
}

class TextStage<R> extends Stage<string | Uint8Array, R> {
  private readonly _splitter: LineSplitter
  private _position = -1

  constructor(
    subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _valueOf: ValueOf<R>,
    maxLength: number,
  ) {
    super(subscriber, notes, 1)
    this._splitter = new LineSplitter(maxLength)
  }

  /** The chunk keeps its slot until the value of its last line has left. Lines before a failure leave before it. */
  take(chunk: string | Uint8Array): void {
    this._position++
    const values: R[] = []
    const { flow } = this
    let failure: { readonly cause: unknown } | null = null
    try {
      const given: unknown = chunk
      if (typeof given !== 'string' && !(given instanceof Uint8Array))
        throw mistyped(`${flow.intake.name}: a chunk`, 'a string or a Uint8Array', given)
      this._splitter.split(chunk, (line, number) => this._add(values, line, number))
    } catch (cause) {
      failure = { cause: failedIn(cause, flow.intake.name, this._position) }
    }
    const last = failure === null ? values.length - 1 : -1
    for (let i = 0; i < values.length; i++) flow.deliver(values[i], i === last ? 1 : 0)
    if (failure !== null) flow.drain(failure.cause)
    else if (values.length === 0) flow.free(1)
  }

  override flush(): void {
    const values: R[] = []
    try {
      const line = this._splitter.end()
      if (line !== null) this._add(values, line, this._splitter.line)
    } catch (cause) {
      return this.flow.fail(failedIn(cause, this.flow.intake.name, this._position))
    }
    for (const value of values) this.flow.deliverWith(value, { held: 1, left: () => this.flow.free(0) })
  }

  stopWork(): void {}

  private _add(values: R[], line: string, number: number): void {
    const value = this._valueOf(line, number)
    if (value !== SKIPPED) values.push(value)
  }
}
