/**
 * A network between a sender and its receivers: a channel of its own, whose values it forwards with faults.
 *
 *     send ──▶ [ channel ] ──▶ Network ──none, delay──▶ `to`
 *                                 ├─ drop ──▶ nothing
 *                                 └─ reorder, duplicate ──▶ another Network, after a time ──▶ `to`
 *
 * Always true: a network is no goroutine. So a value under way is no leak, and a network that waits for values keeps no
 * program from its end.
 */
import { chan, sleep, type Op, type Option, type Sender } from '../../runtime/index.js'
import { CallbackPerformer, checkOperation, PENDING, queue, type Operation } from '../../runtime/internal.js'
import type { FaultKind } from './faults.js'

type Routine = Generator<Operation<unknown>, void, unknown>

/** Performs the operations of a routine from the run queue. */
class Network extends CallbackPerformer<unknown> {
  private _hasStarted = false

  constructor(private readonly _routine: Routine) {
    super()
    queue.push(this)
  }

  override run(): void {
    if (this._hasStarted) return super.run()
    this._hasStarted = true
    this._drive(() => this._routine.next())
  }

  protected succeeded(value: unknown): void {
    this._drive(() => this._routine.next(value))
  }

  protected failed(cause: unknown): void {
    this._drive(() => this._routine.throw(cause))
  }

  /** Goes on while operations complete at once. */
  private _drive(step: () => IteratorResult<Operation<unknown>, void>): void {
    for (let next = step(); next.done !== true; next = step()) {
      try {
        const value = this.perform(next.value)
        if (value === PENDING) return
        step = () => this._routine.next(value)
      } catch (cause) {
        step = () => this._routine.throw(cause)
      }
    }
  }
}

export interface Link {
  readonly latency: number
  /** Whether the fault happens to the next value; `did` says it in the trace. */
  spends(kind: FaultKind, did: string): boolean
}

/** A sender over a network. */
export class NetworkSender<T> implements Sender<T> {
  private readonly _channel = chan<T>()
  /** Values that were taken from the sender and have not arrived. */
  private _underWay = 0
  private _cause: unknown = undefined
  /** The channel is closed, and its last value was taken. */
  private _isDrained = false

  constructor(
    private readonly _to: Sender<T>,
    private readonly _link: Link,
  ) {
    void new Network(this._forward())
  }

  readonly send = (value: T): Op<void> => this._channel.send(value)
  readonly trySend = (value: T): boolean => this._channel.trySend(value)

  close(cause?: unknown): void {
    this._channel.close()
    this._cause = cause
  }
  get size(): number {
    return this._underWay + this._to.size
  }
  get capacity(): number {
    return this._to.capacity
  }
  get isClosed(): boolean {
    return this._channel.isClosed
  }

  private *_forward(): Routine {
    for (;;) {
      const got = (yield operation(this._channel.receive())) as Option<T> // the result of a receive
      if (got._tag === 'None') break
      if (this._happens('drop')) continue
      if (this._happens('duplicate')) this._deliverBeside(got.value, 0)
      if (this._happens('reorder')) this._deliverBeside(got.value, this._link.latency)
      else {
        this._underWay++
        yield* this._deliver(got.value, this._happens('delay') ? this._link.latency : 0)
      }
    }
    this._isDrained = true
    this._closeAtLast()
  }

  private _happens(kind: FaultKind): boolean {
    return this._link.spends(kind, `${kind}s a message`)
  }

  private _deliverBeside(value: T, latency: number): void {
    this._underWay++
    void new Network(this._deliver(value, latency))
  }

  /** A value for a receiver that has closed its channel is lost. */
  private *_deliver(value: T, latency: number): Routine {
    try {
      if (latency > 0) yield operation(sleep(latency))
      yield operation(this._to.send(value))
    } catch {
      // lost
    }
    this._underWay--
    this._closeAtLast()
  }

  /** Closes the channel behind the network when the last value has arrived. */
  private _closeAtLast(): void {
    if (this._isDrained && this._underWay === 0 && !this._to.isClosed) this._to.close(this._cause)
  }
}

/** The sender may be an object of the user's own, whose operations are those of the package. */
function operation(op: Op<unknown>): Operation<unknown> {
  return checkOperation('faults.sender(to): an operation of to', op)
}
