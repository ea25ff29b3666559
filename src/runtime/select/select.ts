/**
 * Choosing among operations: Go's `select`, Concurrent ML's `choose`.
 *
 * 1. The cases are looked at once, when the select is made; a falsy one is a nil channel and never ready.
 * 2. To perform it, each case is polled, in an order drawn anew (or as written, `biased`); the first that completes is the answer.
 * 3. If none does, all are parked under one waiter; the first to be settled withdraws the others.
 *
 * A case that is not chosen has no effect. Channel code knows nothing of select.
 */
import { parkCases, releaseCase, withdrawCases, type Case } from '../operation/case.js'
import { mistyped } from '../base/arguments.js'
import { isThenable } from '../base/guards.js'
import { isOperation, Operation } from '../operation/operation.js'
import { none, some, type Option } from '../base/option.js'
import { Promised } from '../operation/promise.js'
import { queue } from '../scheduler/run-queue.js'
import type { Context, Op } from '../interfaces/op.js'
import { PENDING, type Pending, type Waiter } from '../operation/waiter.js'

/** What can be a case of a select: an operation, a promise, or nothing (a nil channel). */
export type Selectable = Op<any> | PromiseLike<any> | false | null | undefined // eslint-disable-line @typescript-eslint/no-explicit-any -- any result
/** Cases by name. */
export type Cases = Record<string, Selectable>
/** What a case gives when it is chosen. */
export type Chosen<C> = C extends PromiseLike<infer T> ? T : never
/** The answer of a select over named cases: a union that `switch (it.case)` narrows. */
export type Tagged<C extends Cases> = { [K in keyof C]: { case: K; value: Chosen<NonNullable<C[K]>> } }[keyof C]

export interface SelectOptions {
  /** Polls in the order written, in place of a fair draw. */
  readonly biased?: boolean
}

type Name = string | number

abstract class Choice<R> extends Operation<R> {
  constructor(
    protected readonly operations: readonly Operation<unknown>[],
    private readonly biased: boolean,
  ) {
    super()
  }

  /** What the choice answers when this case gave this value. */
  protected abstract answer(index: number, value: unknown): R

  poll(): R | Pending {
    const { operations } = this
    const n = operations.length
    if (n < 2 || this.biased) {
      for (let i = 0; i < n; i++) {
        const value = operations[i].poll() // within its length
        if (value !== PENDING) return this.answer(i, value)
      }
      return PENDING
    }
    return n === 2 ? this._pollTwo() : this._pollInRandomOrder(n)
  }

  private _pollTwo(): R | Pending {
    const first = queue.random.below(2)
    const value = this.operations[first].poll()
    if (value !== PENDING) return this.answer(first, value)
    const other = this.operations[1 - first].poll()
    return other === PENDING ? PENDING : this.answer(1 - first, other)
  }

  /**
   * A permutation drawn only as far as it is needed (Fisher and Yates). Rotating from a random start would not be uniform: where two
   * neighbours of four are ready it gives 75:25.
   */
  private _pollInRandomOrder(n: number): R | Pending {
    const { operations } = this
    const { random } = queue
    const order = random.takeOrder(n)
    for (let left = n; left > 0; left--) {
      const drawn = left === 1 ? 0 : random.below(left)
      const index = order[drawn] // within its length
      order[drawn] = order[left - 1]
      order[left - 1] = index
      const value = operations[index].poll()
      if (value !== PENDING) {
        random.giveBackOrder(order)
        return this.answer(index, value)
      }
    }
    random.giveBackOrder(order)
    return PENDING
  }

  /** In the order drawn: where two cases wait in one queue, who comes there meets either with the same chance. */
  park(waiter: Waiter): void {
    const { operations } = this
    const n = operations.length
    const { random } = queue
    if (n < 2 || this.biased) parkCases(waiter, operations, null)
    else if (n === 2) parkCases(waiter, operations, random.below(2) === 0 ? null : swapped)
    else {
      const order = random.takeOrder(n) // a poll that found nothing has drawn all of it
      parkCases(waiter, operations, order)
      random.giveBackOrder(order)
    }
  }

  withdraw(waiter: Waiter): void {
    withdrawCases(waiter)
  }

  override finish(waiter: Waiter): R {
    const winner = waiter.raw as Case // a settled case
    const { index } = winner
    let value
    try {
      value = winner.operation.finish(winner)
    } finally {
      releaseCase(winner)
    }
    return this.answer(index, value)
  }

  override undo(waiter: Waiter): void {
    const winner = waiter.raw as Case // a settled case
    winner.operation.undo(winner)
    releaseCase(winner)
  }

  /** Only where every case is refused: another may still come in time. */
  override refusal(ctx: Context): unknown {
    let first: unknown = undefined
    for (const operation of this.operations) {
      const refusal = operation.refusal(ctx)
      if (refusal === undefined) return undefined
      first ??= refusal
    }
    return first
  }

  override parts(): readonly Operation<unknown>[] {
    return this.operations
  }

  describe(): string {
    return this.operations.length === 0 ? 'select (no cases)' : 'select'
  }
}

const swapped = [1, 0]

class Select extends Choice<{ case: Name; value: unknown }> {
  constructor(
    private readonly names: readonly Name[],
    operations: readonly Operation<unknown>[],
    biased: boolean,
  ) {
    super(operations, biased)
  }
  protected answer(index: number, value: unknown): { case: Name; value: unknown } {
    return { case: this.names[index], value }
  }
}

class Choose extends Choice<unknown> {
  protected answer(_index: number, value: unknown): unknown {
    return value
  }
}

/** A case as an operation; null where it is a nil channel. */
function toOperation(value: unknown, name: Name): Operation<unknown> | null {
  if (isOperation(value)) return value
  if (!value) return null
  if (isThenable(value)) return new Promised(value)
  throw mistyped(`select: case ${JSON.stringify(name)}`, 'an operation, a promise, or a falsy value for a nil channel', value)
}

/** Keys that JavaScript moves to the front, whatever was written. */
const integerLike = /^(0|[1-9]\d*)$/

function makeSelect(cases: object, biased: boolean): Select {
  if (Array.isArray(cases)) return selectFromArray(cases, biased)
  const isRecord = typeof (cases as unknown) === 'object' && (cases as unknown) !== null && !isOperation(cases) // from JavaScript it may be anything
  if (!isRecord) throw mistyped('select(cases)', 'a record or an array of cases', cases)
  return selectFromRecord(cases as Record<string, unknown>, biased) // an object can be read by name
}

// Both fill arrays of the right length, for `push` would make room for 17 (select over 2: a fifth of the time).

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
  // A promise, a Map: it has no cases of its own, and would wait for ever.
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
 * Waits until one of the cases can go on, and lets that one: uniformly at random among the ready, or the first as written with `biased`.
 * The answer names the case and holds its result. A falsy case is a nil channel, never ready; without cases it waits for ever.
 *
 * A throw of the chosen case is the select's. Throws TypeError at once for a case that is no operation, and for `biased` with integer-like
 * names. Source: Go's `select`.
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
export function select(cases: object, options?: SelectOptions): Op<unknown> {
  return makeSelect(cases, options?.biased === true)
}

/**
 * A select with Go's `default`: none where no case is ready now. A promise is not ready at the first look: its state takes a microtask to
 * come to light.
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
export function trySelect(cases: object, options?: SelectOptions): Option<unknown> {
  const select = makeSelect(cases, options?.biased === true)
  if (queue.probe !== null) queue.probe.perform?.(select)
  const answer = select.poll()
  return answer === PENDING ? none : some(answer)
}

/** A select that answers the value alone. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any result
export function choose<O extends readonly Op<any>[]>(...ops: O): Op<Chosen<O[number]>> {
  const operations = ops.map((op, i) => {
    if (isOperation(op)) return op
    throw mistyped(`choose: operation ${i}`, 'an operation', op)
  })
  return new Choose(operations, false) as Operation<Chosen<O[number]>> // one of them is what it gives
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

/** An operation that is never ready: a nil channel. */
export function never(): Op<never> {
  return neverReady
}
