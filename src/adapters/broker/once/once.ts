/**
 * Effects once: a store remembers the ids of the messages whose effect has happened.
 *
 *     free ──claim──▶ claimed ──finish──▶ done, for `within`
 *       ▲               │  └──the lease ends: unsure; the next claim says so
 *       └───release─────┘
 */
import { go, sleep, withCancel, type CancelContext, type Context } from '../../../runtime/index.js'
import { checkFunction, checkInterval, checkMethod, checkOneOf, checkRecord, checkTime, mistyped } from '../../../runtime/internal.js'
import type { Delivery } from '../delivery.js'
import { performing } from '../performing.js'
import { keep, type DeliveryWork, type ValueWork } from '../through.js'
import { uniqueName } from '../unique-name.js'

/** The result of a claim. */
export type OnceClaim =
  /** The caller has the id until its lease ends. `isUnsure`: an earlier owner neither finished nor released. */
  | { readonly state: 'claimed'; readonly isUnsure: boolean }
  /** Another owner has the id, for `wait` ms more. */
  | { readonly state: 'busy'; readonly wait: number }
  | { readonly state: 'done' }

/** Remembers which effects have happened. Methods return a value, a promise or an operation. */
export interface OnceStore {
  /** Claims an id for `lease` ms; an owner that claims again renews its lease. An id is remembered for `within` ms after its last claim. */
  claim(id: string, owner: string, times: { readonly lease: number; readonly within: number }): unknown
  /** The effect has happened: for `within` ms, claims have the state `done`. */
  finish(id: string, owner: string, within: number): unknown
  /** The effect has not happened: the id is free. No effect for another owner. */
  release(id: string, owner: string): unknown
}

/** Options of `once`. */
export interface OnceOptions<T> {
  /** ms for which the store remembers an id: longer than a message can be delivered again. */
  readonly within: number
  /** The id of the effect; default: the position of the message. */
  readonly id?: (delivery: Delivery<T>) => string
  /** ms after which the id of a process that was killed is free; renewed while the work runs. Default 30,000. */
  readonly lease?: number
  /**
   * A process was killed in the middle of the work, and nobody knows whether the effect has happened. `again`, the default: the
   * work runs again. `reject`: the message is given up with UnsureError, and goes to the dead letters of `settle`.
   */
  readonly unsure?: 'again' | 'reject'
}

/** The process that worked on a message was killed in the middle: its effect may have happened. */
export class UnsureError extends Error {
  override readonly name = 'UnsureError'
  constructor(readonly id: string) {
    super(`the effect of ${JSON.stringify(id)} may have happened: a process was killed while it worked`)
  }
}

/** The claim of `once` was lost: another process may work on the message. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError'
  constructor(readonly id: string) {
    super(`the claim of ${JSON.stringify(id)} has ended, and another process may work on the message`)
  }
}

/**
 * A worker on deliveries whose work has an effect that must not be repeated: it runs unless the store knows the id of the
 * message, and the delivery passes on as it came. So a message that the broker delivers twice has its effect once.
 *
 * A message that another process works on waits for that process, or for the end of its lease. Work that fails
 * releases the id, and the policy of `settle` decides. A store cannot see an effect: where a process is killed after the effect and
 * before the store knows, the effect is repeated, or with `unsure: 'reject'` the message is given up; an effect in a
 * database is exact where its transaction also has the id. A lease that cannot be renewed ends the context of the work, with
 * ClaimLostError. An error of the store is an error of the work. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const store = memoryOnce() // for tests
 * const greet = once<User>(store, { within: 60_000 }, ({ name }) => visit(name))
 * const settled = link.from<User>({ queue: 'users' }).pipe(workerPool(4, greet), settle())
 * ```
 */
export function once<T>(store: OnceStore, options: OnceOptions<T>, work: ValueWork<T, unknown>): DeliveryWork<T, T> {
  const names = ['within', 'id', 'lease', 'unsure']
  for (const method of ['claim', 'finish', 'release']) checkMethod('once(store)', `a store with ${method}()`, store, method)
  checkRecord('once(store, options)', '{ within, id?, lease?, unsure? }', options, names)
  const { within, id = ({ position }: Delivery<T>) => String(position), lease = 30_000, unsure = 'again' } = options
  if (within === undefined) throw mistyped('once(store, { within })', 'a number of ms', within)
  checkTime('once(store, { within })', within)
  checkInterval('once(store, { lease })', lease)
  checkFunction('once(store, { id })', id)
  checkOneOf('once(store, { unsure })', ['again', 'reject'], unsure)
  checkFunction('once(store, options, work)', work)
  const effect = new Effect(store, { within, lease, unsure, id }, work)
  return keep((value: T, ctx: Context, delivery: Delivery<T>) => effect.perform(value, ctx, delivery))
}

/** ms between two looks at an id that another owner works on: its owner may finish long before its lease ends. */
const LOOK = 200

class Effect<T> {
  constructor(
    private readonly _store: OnceStore,
    private readonly _options: Required<OnceOptions<T>>,
    private readonly _work: ValueWork<T, unknown>,
  ) {}

  /** Returns whether the delivery passes. */
  *perform(value: T, ctx: Context, delivery: Delivery<T>): Generator<never, boolean> {
    const given: unknown = this._options.id(delivery) // of the user
    if (typeof given !== 'string') throw mistyped('once(store, { id }): the result', 'a string', given)
    const owner = uniqueName('once')
    for (;;) {
      const claim = yield* this._claim(given, owner)
      if (claim.state === 'done') return true
      if (claim.state === 'claimed') {
        if (claim.isUnsure && this._options.unsure === 'reject') {
          delivery.reject(new UnsureError(given))
          return false
        }
        yield* this._working({ value, ctx, delivery }, given, owner)
        return true
      }
      yield* sleep(Math.min(Math.max(1, claim.wait), LOOK)).within(ctx)
    }
  }

  private *_claim(id: string, owner: string): Generator<never, OnceClaim> {
    const { lease, within } = this._options
    const claim = yield* performing('once(store): the result of claim()', this._store.claim(id, owner, { lease, within }))
    const { state } = (claim ?? {}) as Partial<OnceClaim> // of the user
    if (state !== 'claimed' && state !== 'busy' && state !== 'done')
      throw mistyped('once(store): the result of claim()', '{ state: "claimed", "busy" or "done" }', claim)
    return claim as OnceClaim // checked
  }

  private *_working(item: { readonly value: T; readonly ctx: Context; readonly delivery: Delivery<T> }, id: string, owner: string) {
    using own = withCancel(item.ctx)
    const renewing = go(() => this._renewing(own, id, owner))
    try {
      yield* performing('once(store, options, work): the result', this._work(item.value, own, item.delivery))
    } catch (cause) {
      yield* performing('once(store): the result of release()', this._store.release(id, owner))
      throw cause
    } finally {
      renewing.cancel()
    }
    yield* performing('once(store): the result of finish()', this._store.finish(id, owner, this._options.within))
  }

  /** Renews the lease while the work runs. */
  private *_renewing(own: CancelContext, id: string, owner: string): Generator<never, void> {
    for (;;) {
      yield* sleep(this._options.lease / 3)
      const claim = yield* this._renewed(id, owner)
      if (!claim) return own.cancel(new ClaimLostError(id))
    }
  }

  private *_renewed(id: string, owner: string): Generator<never, boolean> {
    try {
      return (yield* this._claim(id, owner)).state === 'claimed'
    } catch {
      return false // a store that cannot be asked cannot keep the lease
    }
  }
}
