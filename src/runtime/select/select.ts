/**
 * Go's `select`, Concurrent ML's `choose`. The cases are checked once, when the select is made; a falsy case is a nil
 * channel, never ready.
 */
import { Choice } from './choice.js'
import { checkFlag, checkOptions, mistyped } from '../base/arguments.js'
import { isThenable } from '../base/guards.js'
import { none, some, type Option } from '../base/option.js'
import { isJob } from '../interfaces/job.js'
import type { Op } from '../interfaces/op.js'
import type { Slips } from '../interfaces/slips.js'
import { isOperation, Operation } from '../operation/operation.js'
import { Promised } from '../operation/promise.js'
import { PENDING, type Pending } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'

/** A case of a select: an operation, a promise, or a falsy value for a nil channel. A job is none. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a result of any type
export type Selectable = Op<any> | (PromiseLike<any> & { readonly __job?: undefined }) | false | null | undefined
/** Cases by name. */
export type Cases = Record<string, Selectable>
/** The result of a case that is chosen. */
export type Chosen<C> = C extends PromiseLike<infer T> ? T : never
/** The result of a select over named cases: a union that `switch (r.case)` narrows. */
export type Tagged<C extends Cases> = { [K in keyof C]-?: { case: K; value: Chosen<NonNullable<C[K]>> } }[keyof C]

/** Options of `select`. */
export interface SelectOptions {
  /** Prefers the ready case that is written first; by default the choice is uniformly random. */
  readonly biased?: boolean
}

type Name = string | number

class Select extends Choice<{ case: Name; value: unknown }> {
  constructor(
    private readonly names: readonly Name[],
    operations: readonly Operation<unknown>[],
    biased: boolean,
  ) {
    super(operations, biased)
  }
  protected result(index: number, value: unknown): { case: Name; value: unknown } {
    return { case: this.names[index], value }
  }
}

class Choose extends Choice<unknown> {
  protected result(_index: number, value: unknown): unknown {
    return value
  }
}

function isBiased(options: SelectOptions | undefined): boolean {
  if (options === undefined) return false
  checkOptions('select(cases)', options, ['biased'])
  checkFlag('select(cases, { biased })', options.biased)
  return options.biased === true
}

/** Returns the case as an operation; null for a nil channel. */
function toOperation(value: unknown, name: Name): Operation<unknown> | null {
  if (isOperation(value)) return value
  if (!value) return null
  if (isJob(value)) throw isNoCase(`select: case ${JSON.stringify(name)}`)
  if (isThenable(value)) return new Promised(value)
  throw mistyped(`select: case ${JSON.stringify(name)}`, 'an operation, a promise, or a falsy value for a nil channel', value)
}

function isNoCase(where: string): TypeError {
  return new TypeError(
    `${where}: a job has effects before it is chosen, so it is no case; start it before the select, and use go(job).join()`,
  )
}

/** Keys that JavaScript moves to the front of a record. */
const integerLike = /^(0|[1-9]\d*)$/

function makeSelect(cases: object, options: SelectOptions | undefined): Select {
  if (Array.isArray(cases)) return selectFromArray(cases, isBiased(options))
  const isRecord = typeof (cases as unknown) === 'object' && (cases as unknown) !== null && !isOperation(cases) // any value from JavaScript
  if (!isRecord) throw mistyped('select(cases)', 'a record or an array of cases', cases)
  return selectFromRecord(cases as Record<string, unknown>, isBiased(options)) // an object can be read by name
}

// Both functions fill arrays of the right length: `push` would allocate room for 17 (select over 2 cases: a fifth of
// the time).

function selectFromArray(cases: readonly unknown[], biased: boolean): Select {
  const n = cases.length
  const operations = new Array<Operation<unknown>>(n)
  const indices = new Array<number>(n)
  let count = 0
  for (let i = 0; i < n; i++) {
    const operation = toOperation(cases[i], i)
    if (operation === null) continue
    indices[count] = i
    operations[count++] = operation
  }
  if (count < operations.length) operations.length = count
  return new Select(indices, operations, biased)
}

function selectFromRecord(cases: Record<string, unknown>, biased: boolean): Select {
  const names = Object.keys(cases)
  // A promise or a Map has no cases of its own, and would wait forever.
  if (names.length === 0 && !isPlain(cases)) throw mistyped('select(cases)', 'a record or an array of cases', cases)
  const operations = new Array<Operation<unknown>>(names.length)
  let count = 0
  for (const name of names) {
    if (biased && integerLike.test(name)) throw reordered(name)
    const operation = toOperation(cases[name], name)
    if (operation === null) continue
    names[count] = name // moves up over nil channels
    operations[count++] = operation
  }
  if (count < operations.length) operations.length = count
  return new Select(names, operations, biased)
}

function isPlain(record: object): boolean {
  const prototype = Object.getPrototypeOf(record) as object | null // by its contract
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function reordered(name: string): TypeError {
  return new TypeError(
    `select: biased goes by the order written, and JavaScript moves the integer-like key ${JSON.stringify(name)} to the front: use an array, or other names`,
  )
}

/**
 * Waits until a case is ready, and performs the case: chosen uniformly at random among the ready cases, or the first as
 * written with `biased`. The result names the case and holds its value. A case that is not chosen has no effect. A
 * falsy case is a nil channel, never ready; a select without cases waits forever.
 *
 * Throws what the chosen case throws. Throws TypeError at once for a case that is not an operation, and for `biased`
 * with integer-like names. Source: Go's `select`.
 *
 * @example
 * ```ts
 * const r = yield* select({ job: jobs.receive(), sent: results.send('hi'), timeout: after(1000) })
 * switch (r.case) {
 *   case 'job': // r.value is an Option
 * }
 * ```
 */
export function select<const C extends Cases>(cases: C, options?: SelectOptions): Op<Tagged<C>>
export function select<T>(cases: readonly (Op<T> | false | null | undefined)[], options?: SelectOptions): Op<{ case: number; value: T }>
export function select<const C extends readonly Selectable[]>(
  cases: C,
  options?: SelectOptions,
): Op<{ case: number; value: Chosen<NonNullable<C[number]>> }>
/** The message of the compiler for a usual slip. */
export function select<const C extends object>(
  slip: Slips<C, Selectable>,
  options?: SelectOptions,
): Op<{ case: string | number; value: unknown }>
export function select(cases: object, options?: SelectOptions): Op<unknown> {
  return makeSelect(cases, options)
}

/**
 * A select with Go's `default`: none where no case is ready now. A promise is not ready the first time it is a case,
 * because its state shows only after a microtask.
 */
export function trySelect<const C extends Cases>(cases: C, options?: SelectOptions): Option<Tagged<C>>
export function trySelect<T>(
  cases: readonly (Op<T> | false | null | undefined)[],
  options?: SelectOptions,
): Option<{ case: number; value: T }>
export function trySelect<const C extends readonly Selectable[]>(
  cases: C,
  options?: SelectOptions,
): Option<{ case: number; value: Chosen<NonNullable<C[number]>> }>
/** The message of the compiler for a usual slip. */
export function trySelect<const C extends object>(
  slip: Slips<C, Selectable>,
  options?: SelectOptions,
): Option<{ case: string | number; value: unknown }>
export function trySelect(cases: object, options?: SelectOptions): Option<unknown> {
  const select = makeSelect(cases, options)
  queue.probe?.perform?.(select)
  const result = select.poll()
  return result === PENDING ? none : some(result)
}

/** A select that results in the value alone. Throws TypeError for an argument that is not an operation. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any result
export function choose<O extends readonly Op<any>[]>(...ops: O): Op<Chosen<O[number]>>
/** The message of the compiler for a usual slip. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any result
export function choose<const O extends readonly unknown[]>(...slips: Slips<O, Op<any>>): Op<unknown>
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export function choose(...ops: readonly any[]): Op<any> {
  const operations = ops.map((op: unknown, i) => {
    if (isOperation(op)) return op
    if (isJob(op)) throw isNoCase(`choose: operation ${i}`)
    throw mistyped(`choose: operation ${i}`, 'an operation', op)
  })
  return new Choose(operations, false)
}

class Never extends Operation<never> {
  poll(): Pending {
    return PENDING
  }
  park(): void {}
  withdraw(): void {}
  describe(): string {
    return 'select (no cases)'
  }
}

const neverReady = /* @__PURE__ */ new Never()

/** An operation that is never ready, as Go's nil channel. */
export function never(): Op<never> {
  return neverReady
}
