/** Workers on deliveries, made of functions on values: for `workerPool` and `byKey`. */
import { isObservable } from 'rxjs'
import type { Context, Op, Sender } from '../../runtime/index.js'
import {
  causeOf,
  checkFunction,
  checkMethod,
  isGenerator,
  isGeneratorFunction,
  isJob,
  isOperation,
  isThenable,
  mistyped,
} from '../../runtime/internal.js'
import type { Work } from '../../operators/index.js'
import { fromGoroutine, fromIterable } from '../../operators/index.js'
import { NOTHING } from '../../operators/internal.js'
import { Envelope, envelopeOf, type Delivery } from './delivery.js'
import { performing } from './performing.js'
import { split } from './rights.js'

/** Work on a value. `ctx` is that of the delivery, with its facts beside it. */
export type ValueWork<T, R> = (value: T, ctx: Context, delivery: Delivery<T>) => Work<R>

/** A worker on deliveries, for `workerPool` and `byKey`. */
export type DeliveryWork<T, R> = (delivery: Delivery<T>) => Work<Delivery<R>>

/**
 * Makes a worker on values a worker on deliveries: the result has the right of its delivery. `work` returns a value, a
 * promise, an operation or a generator; for several results use `flatThrough`.
 *
 * Work that fails after the context of its delivery has ended is no failure: the message comes again, here or elsewhere.
 * Throws TypeError for work that is no function, or returns an observable.
 *
 * @example
 * ```ts
 * const get = through(async (url: string, ctx) => fetch(url, { signal: ctx.signal }))
 * const settled = link.from<string>({ log: 'urls' }).pipe(workerPool(8, get), settle())
 * ```
 */
export function through<T, R>(work: ValueWork<T, R>): DeliveryWork<T, R> {
  checkFunction('through(work)', work)
  return workerOf('through(work)', work, (delivery, value) => delivery.with(value))
}

/**
 * A worker that passes the deliveries whose value the predicate accepts; the messages of the others are done. A filter
 * would drop their deliveries, and the broker would deliver them again. The predicate returns a boolean, or a promise,
 * an operation or a generator of one. Throws TypeError for a predicate that is no function.
 *
 * @example
 * ```ts
 * const settled = link.from<User>({ log: 'users' }).pipe(workerPool(1, keep(({ name }) => name !== '')), settle())
 * ```
 */
export function keep<T>(predicate: ValueWork<T, boolean>): DeliveryWork<T, T> {
  checkFunction('keep(predicate)', predicate)
  return workerOf('keep(predicate)', predicate, (delivery, isKept) => {
    if (isKept) return delivery
    if (!delivery.right.isSettled) delivery.done()
    return nothing()
  })
}

/**
 * Makes a worker that returns several values for one. Each becomes a delivery of its own; the message is done when all of
 * them are, or at once where there are none. If one is given up, so is the message. `work` returns an iterable, or a
 * promise, an operation or a generator of one. Throws TypeError for work that is no function.
 *
 * @example
 * ```ts
 * const words = flatThrough((page: string) => page.split(' '))
 * const settled = link.from<string>({ log: 'pages' }).pipe(workerPool(4, words), link.to({ topic: 'words' }), settle())
 * ```
 */
export function flatThrough<T, R>(work: ValueWork<T, Iterable<R>>): DeliveryWork<T, R> {
  checkFunction('flatThrough(work)', work)
  const parts = ({ right }: Envelope<T>, values: Iterable<R>): Delivery<R>[] => {
    if (right.isSettled) return [] // by the work: it has no parts
    checkMethod('flatThrough(work): the result', 'an iterable', values, Symbol.iterator)
    const all = [...values]
    const rights = split(right, all)
    return all.map((value, i) => new Envelope(value, rights[i]))
  }
  const performed = workerOf('flatThrough(work)', work, (delivery, values) => new Envelope(parts(delivery, values), delivery.right))
  return (delivery) => {
    const done = performed(delivery)
    if (done instanceof Envelope) return partsOf(done.value as Delivery<R>[]) // `performed` returns no other
    if ((done as unknown) === NOTHING) return nothing()
    return fromGoroutine<Delivery<R>>(function* (emit: Sender<Delivery<R>>) {
      const made = yield* performing('flatThrough(work): the result', done)
      if (made !== NOTHING) for (const part of (made as Envelope<Delivery<R>[]>).value) yield* emit.send(part) // by `workerOf`
    })
  }
}

function partsOf<R>(parts: Delivery<R>[]): Work<Delivery<R>> {
  if (parts.length === 0) return nothing()
  return parts.length === 1 ? parts[0] : fromIterable(parts)
}

/** The result of work without a result; the engine knows it, and the types of users do not name it. */
function nothing(): never {
  return NOTHING as never // only the engine sees it
}

/** Runs `work` on the value of a delivery, and makes of its result the delivery that leaves. */
function workerOf<T, R, U>(
  where: string,
  work: ValueWork<T, R>,
  leaves: (delivery: Envelope<T>, result: R) => Delivery<U>,
): DeliveryWork<T, U> {
  const left = (delivery: Envelope<T>, result: R): Delivery<U> => {
    checkResult(where, result)
    return leaves(delivery, result)
  }
  const begun = (delivery: Delivery<T>): Envelope<T> | null => envelopeOf(`${where}: an item`, delivery).admitted()
  if (isGeneratorFunction(work))
    return function* (delivery: Delivery<T>): Generator<never, Delivery<U>> {
      const envelope = begun(delivery)
      if (envelope === null) return nothing()
      if (isOver(envelope)) return letGo(envelope, causeOf(envelope.ctx))
      return yield* running(envelope, work(envelope.value, envelope.ctx, envelope) as Generator<never, R>, left) // a generator function
    } as DeliveryWork<T, U> // a generator is work
  return (delivery) => {
    const envelope = begun(delivery)
    if (envelope === null) return nothing()
    if (isOver(envelope)) return letGo(envelope, causeOf(envelope.ctx))
    let result
    try {
      result = work(envelope.value, envelope.ctx, envelope)
    } catch (cause) {
      return failed(envelope, cause)
    }
    return settled(envelope, result, left)
  }
}

type Leaves<T, R, U> = (delivery: Envelope<T>, result: R) => Delivery<U>

function settled<T, R, U>(delivery: Envelope<T>, result: Work<R>, leaves: Leaves<T, R, U>): Work<Delivery<U>> {
  if (typeof result !== 'object' || result === null) return leaves(delivery, result) // no work of another kind
  if (isOperation(result)) return running(delivery, result as unknown as Op<R>, leaves)
  if (isJob(result)) return running(delivery, result as unknown as Op<R>, leaves) // to be performed by yield*
  if (isThenable(result))
    return result.then(
      (value) => leaves(delivery, value),
      (cause: unknown) => failed(delivery, cause),
    )
  if (isGenerator(result)) return running(delivery, result as Generator<never, R>, leaves) // by the type of `work`
  return leaves(delivery, result as R) // an observable is refused there
}

/** Nobody would subscribe to an observable, and its message would be done. */
function checkResult(where: string, result: unknown): void {
  if (isObservable(result))
    throw mistyped(`${where}: the result`, 'a value, a promise, an operation or a generator; flatThrough is for several results', result)
}

function* running<T, R, U>(
  delivery: Envelope<T>,
  work: Op<R> | Generator<never, R>,
  leaves: Leaves<T, R, U>,
): Generator<never, Delivery<U>> {
  let result
  try {
    result = yield* work as Generator<never, R> // an operation is performed in the same way
  } catch (cause) {
    return failed(delivery, cause)
  }
  return leaves(delivery, result)
}

function isOver({ ctx }: Envelope<unknown>): boolean {
  return ctx.err()._tag === 'Some'
}

/** Throws the failure of the work, unless the right to work has ended. */
function failed(delivery: Envelope<unknown>, cause: unknown): never {
  if (!isOver(delivery)) {
    delivery.right.failures++
    throw cause
  }
  return letGo(delivery, cause)
}

/** The right to work has ended: the message comes again. */
function letGo({ right }: Envelope<unknown>, cause: unknown): never {
  if (!right.isSettled) right.settle({ kind: 'retry', after: 0, cause })
  return nothing()
}
