import type { Observable, Subscriber } from 'rxjs'
import type { CancelContext, Context } from '../../runtime/index.js'
import { afterFunc, chan } from '../../runtime/index.js'
import {
  checkCount,
  checkFunction,
  checkMethod,
  checkOptions,
  checkInterval,
  checkTime,
  queue,
  Ring,
  spawn,
  type Runnable,
} from '../../runtime/internal.js'
import { described, Downstream, failedAfterEnd, publish, report, stageNotes, type StageNotes } from '../../operators/internal.js'
import { checkText, type Delivery, type Envelope } from './delivery.js'
import { intakeKey } from './intake.js'
import { LeaseHandler, type Lease, type Message, type PullDriver } from './lease.js'
import { performing } from './performing.js'
import { policyKey, type Policy } from './policy.js'

/** Options of `fromPull`, and of every source of deliveries. */
export interface PullOptions {
  /** The name of the source in warnings and reports. */
  readonly name?: string
  /** The most messages that are asked for or wait in front of the pipeline; default 256. */
  readonly prefetch?: number
  /** ms after which the context of a delivery ends, counted from the first look at it; default: none. */
  readonly deadline?: number
  /** ms between two calls of the driver's `beat`, while messages are open, and two looks for dropped deliveries; default 1000. */
  readonly beat?: number
}

/**
 * A source of deliveries from any broker. `open(lease)` is called for each subscriber, and returns the driver:
 * `driver.request(n)` says that there are places for `n` more messages, `lease.deliver(message)` brings one,
 * `lease.returned(n)` says that `n` will not come. So a broker sends only messages that have a place below.
 *
 * Shape: a delivery for each message, in the order of `deliver`. Holds `prefetch` deliveries, and no more than there are
 * places in the stage below. A subscriber that leaves ends the intake: messages that were not emitted go back, and the
 * lease goes on until the last delivery is settled; the run waits for that. A pipeline that fails, a context that ends and
 * a `settle` that leaves end the lease at once. Deliveries that left the pipeline without being settled, dropped by a
 * filter, are reported to `onUnpaced`, and are an error under `strictDemand`. Completes where `drain` ends the intake.
 * Fails with the error given to `lease.fail`. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * let offset = 0
 * const facts = { key: null, attempt: 1, headers: new Map<string, string>(), settled() {} }
 * const numbers = fromPull<number>((lease) => ({
 *   request(n) {
 *     for (; n > 0; n--) lease.deliver({ ...facts, value: offset, position: positionOf('numbers', 0, offset++, now()) })
 *   },
 * }))
 * ```
 */
export function fromPull<T>(open: (lease: Lease<T>) => PullDriver, options?: PullOptions): Observable<Delivery<T>> {
  checkFunction('fromPull(open)', open)
  const plan = pullPlan('fromPull', options)
  const { notes, prefetch } = plan
  return described<Delivery<T>>({ name: notes.name, holds: prefetch, notes }, (subscriber) => {
    const source = new PullSource(subscriber, plan, open)
    return () => source.left()
  })
}

interface PullPlan {
  readonly notes: StageNotes
  readonly prefetch: number
  readonly deadline: number
  readonly beat: number
}

function pullPlan(operator: string, options: PullOptions | undefined): PullPlan {
  checkOptions(`${operator}(…, options)`, options, ['name', 'prefetch', 'deadline', 'beat'])
  const { name = operator, prefetch = 256, deadline = Infinity, beat = 1000 } = options ?? {}
  checkCount(`${operator}(…, { prefetch })`, 1, prefetch)
  checkTime(`${operator}(…, { deadline })`, deadline)
  checkInterval(`${operator}(…, { beat })`, beat)
  return { notes: stageNotes(operator, { name }), prefetch, deadline, beat }
}

/**
 * Always true: the source is in the run queue at most once by `wake`, and in the queue of its demand by identity, so a
 * wake-up may be one too many and never one too few.
 */
class PullSource<T> implements Runnable, Lease<T> {
  private readonly _downstream: Downstream<Delivery<T>>
  private readonly _waiting = new Ring<Envelope<T>>()
  private readonly _lease: LeaseHandler
  private _driver: PullDriver | null = null
  private _asked = 0
  private _isQueued = false
  private _hasLeft = false
  private _isAbandoned = false
  private _failure: { readonly error: unknown } | null = null
  /** The failure has gone down. */
  private _isTold = false
  private readonly _empty = chan<void>(1)
  private readonly _forget: (() => unknown)[] = []

  constructor(
    subscriber: Subscriber<Delivery<T>>,
    private readonly _plan: PullPlan,
    private readonly _open: (lease: Lease<T>) => PullDriver,
  ) {
    const downstream = (this._downstream = new Downstream(subscriber))
    const { scope, demand } = downstream
    const policy = scope.ctx.value(policyKey)
    const intake = scope.ctx.value(intakeKey)
    const { notes, deadline, beat } = _plan
    this._lease = new LeaseHandler({
      notes,
      demand,
      deadline,
      beat,
      policy: policy._tag === 'Some' ? policy.value : null,
      asyncScope: demand.scope,
      ctx: scope.ctx,
      wake: () => this.wake(),
      fail: (cause) => this.fail(cause),
    })
    if (policy._tag === 'Some') this._forget.push(policy.value.onLeaving(() => this._settleHasLeft(policy.value)))
    if (scope.cleanup !== null) this._forget.push(scope.cleanup.over(() => this._runIsOver()))
    if (intake._tag === 'Some') this._forget.push(afterFunc(intake.value, () => this._downstream.complete()))
    this.wake()
  }

  get scope(): Runnable['scope'] {
    return this._downstream.demand.scope
  }
  get ctx(): CancelContext {
    return this._lease.ctx
  }

  wake(): void {
    if (this._isQueued) return
    this._isQueued = true
    queue.push(this)
  }

  /** Emits what waits while there is demand, and asks for as many messages as have a place. */
  run(): void {
    this._isQueued = false
    if (this._hasLeft) return this._lookForEnd()
    const downstream = this._downstream
    if (downstream.isClosed) return
    if (this._failure !== null) {
      this._isTold = true
      return downstream.error(this._failure.error)
    }
    const before = downstream.enter()
    try {
      this._emitAll()
    } finally {
      downstream.leave(before)
    }
    if (!this._hasLeft) this._ask()
  }

  private _emitAll(): void {
    const { _downstream: downstream, _waiting: waiting } = this
    while (waiting.size > 0 && !this._hasLeft) {
      if (!downstream.isOpen) return downstream.wait(this)
      const envelope = waiting.shift() as Envelope<T> // its size is above 0
      if (!this._lease.emits(envelope)) continue
      downstream.emit(envelope)
      const { demand } = downstream
      if (waiting.size > 0 && (demand.othersWait || demand.isOthersTurn)) {
        if (demand.othersWait) downstream.wait(this)
        else this.wake()
        return
      }
    }
  }

  /** The places below, as far as they are known. */
  get places(): number {
    const { owner, isOpen } = this._downstream.demand
    if (!isOpen) return 0
    return owner === null || owner.slots === 0 ? Infinity : Math.max(1, owner.slots - owner.depth)
  }

  private _ask(): void {
    const { _downstream: downstream, _plan: plan } = this
    const most = Math.min(plan.prefetch, this.places)
    if (most === 0) return downstream.wait(this)
    const n = most - this._asked - this._waiting.size
    if (n <= 0 || (this._asked > 0 && n < most / 4)) return
    this._asked += n
    const scope = publish(null)
    try {
      this._lease.driver = this._driver ??= checkDriver(this._open(this))
      this._driver.request(n)
    } catch (cause) {
      this.fail(cause)
    } finally {
      publish(scope)
    }
  }

  deliver(message: Message<T>): void {
    checkMethod('lease.deliver(message)', 'a message with settled(how, after)', message, 'settled')
    if (this._asked > 0) this._asked--
    if (this._hasLeft || this._lease.isOver) return message.settled('returned', 0)
    const envelope = this._lease.begin(message)
    if (envelope !== null) this._waiting.push(envelope)
    this.wake()
  }

  again(message: Message<T>): void {
    this._asked++
    this.deliver(message)
  }

  returned(n: number): void {
    checkCount('lease.returned(n)', 0, n)
    this._asked = Math.max(0, this._asked - n)
    this.wake()
  }

  missed(n: number, place: string): void {
    checkCount('lease.missed(n)', 1, n)
    checkText('lease.missed(n, place)', 'a string', place)
    const { name } = this._plan.notes
    const seen = 'the server has deleted messages that were not read'
    const message = `millrace: ${seen} (${n}): of ${place}, of "${name}". They are lost: raise the limits of age and size, or the number of workers.`
    report({ stage: name, seen, message })
  }

  fail(cause: unknown): void {
    if (this._hasLeft) return failedAfterEnd(cause, this._plan.notes.name)
    if (this._failure !== null) return
    this._failure = { error: cause }
    this.wake()
  }

  /** The subscriber has left: the intake is over, and the lease with a pipeline that has failed. */
  left(): void {
    if (this._hasLeft) return
    this._hasLeft = true
    const { demand, scope } = this._downstream
    for (let waits = this._waiting.shift(); waits !== undefined; waits = this._waiting.shift()) this._lease.giveBack(waits.right)
    this._driver?.stop?.()
    const closer = spawn(closingWhen, [this._empty.receive(), () => this._driver], null)
    scope.cleanup?.add(closer)
    const isFailed = demand.failure !== null || isOver(scope.ctx) || hasFailed(scope.cleanup)
    if (this._failure !== null && !this._isTold && !isFailed) failedAfterEnd(this._failure.error, this._plan.notes.name)
    if (this._failure !== null || isFailed) this._abandon()
    else this._lookForEnd()
  }

  /** All is settled; or all that passes is, and the rest was given up. */
  private _lookForEnd(): void {
    if (this._lease.isOver) return
    if (this._lease.isEmpty || (this._isAbandoned && this._lease.isQuiet)) this._end()
  }

  private _settleHasLeft({ isComplete }: Policy): void {
    if (isComplete) this._endWithRun()
    else this._abandon()
  }

  private _runIsOver(): void {
    if (this._downstream.demand.failure === null && !isOver(this._downstream.scope.ctx)) this._endWithRun()
    else this._abandon()
  }

  /** Nothing can be settled any more, but for dead letters that are on their way. */
  private _endWithRun(): void {
    if (!this._isAbandoned) this._lease.tellOpen()
    this._isAbandoned = true
    if (this._hasLeft) this._lookForEnd()
  }

  private _abandon(): void {
    if (this._hasLeft && !this._lease.isOver) this._end()
  }

  private _end(): void {
    this._lease.end()
    for (const forget of this._forget) forget()
    this._empty.trySend()
  }
}

function* closingWhen(
  empty: ReturnType<ReturnType<typeof chan<void>>['receive']>,
  driver: () => PullDriver | null,
): Generator<never, void> {
  yield* empty
  yield* performing('fromPull(open): the result of close()', driver()?.close?.())
}

function isOver(ctx: Context): boolean {
  return ctx.err()._tag === 'Some'
}

function hasFailed(cleanup: { readonly failure: unknown } | null): boolean {
  return cleanup !== null && cleanup.failure !== null
}

function checkDriver(driver: PullDriver): PullDriver {
  checkMethod('fromPull(open): the result', 'a driver with request(n)', driver, 'request')
  return driver
}
