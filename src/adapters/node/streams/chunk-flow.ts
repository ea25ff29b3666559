/**
 * The chunks of a Readable for a pipeline, in the flowing mode of Node: a chunk goes to the stages below within its event,
 * without a promise or a timer.
 *
 *     flowing ──demand closes, or others wait──▶ paused, waits for demand ──▶ emits the chunk that is held ──▶ flowing
 *        └──slice is over──▶ paused, queued after the host ──▶ flowing
 *
 * Always true:
 * - the stream is paused from the moment at which the demand is closed: a chunk that comes all the same is held;
 * - the end comes after the chunks that are held;
 * - chunks run in the async context of the subscriber, or in the neutral one.
 *
 * A Readable that other code reads by `readable` events does not flow: its chunks come as those reads take them.
 */
import type { Readable } from 'node:stream'
import type { Subscriber } from 'rxjs'
import { fromReceiver } from '../../../operators/index.js'
import { currentScope, Downstream, type Scope } from '../../../operators/internal.js'
import { checkMethod, queue, type AsyncScope, type Failure, type Runnable } from '../../../runtime/internal.js'
import { causeOfLeaving, runWaitsFor } from '../../streams/index.js'
import { receiverOf } from './receiver-of.js'
import { closed, destroyQuietly, reportLateErrors, watchEnd } from './stream-end.js'

/** Chunks in a row before the flow looks at the clock, and ms after which it lets the host go on. */
const [LOOK, SLICE] = [64, 5]

/**
 * Subscribes to the chunks of a stream, which is destroyed when the subscriber leaves. `complete` runs at its end; by default the
 * subscriber completes. An `owner` is the stage that has made the stream, which no other code has.
 */
export function flow<T>(stream: Readable, subscriber: Subscriber<T>, complete: (() => void) | null, owner: string | null): void {
  checkMethod('a function that makes a stream: the result', 'a Readable', stream, 'read')
  const isReadByOthers = stream.listenerCount('readable') > 0
  if (!isReadByOthers) return new ChunkFlow<T>(stream, subscriber, complete).begin(subscriber, owner)
  const scope = currentScope()
  const chunks = receiverOf<T>(stream)
  subscriber.add(() => {
    chunks.cancel(causeOfLeaving(scope))
    if (stream.destroyed) runWaitsFor(scope, () => closed(stream))
  })
  const observer = {
    next: (chunk: T) => subscriber.next(chunk),
    error: (cause: unknown) => subscriber.error(cause),
    complete: complete ?? (() => subscriber.complete()),
  }
  subscriber.add(fromReceiver(chunks).subscribe(observer))
}

class ChunkFlow<T> implements Runnable {
  readonly scope: AsyncScope | null
  private readonly _downstream: Downstream<T>
  /** The chunk of the event under way. */
  private _next: T | undefined = undefined
  private readonly _held: T[] = []
  private _end: { readonly failure: Failure | null } | null = null
  private _isOver = false
  /** The event comes within a read of this flow, in its async context. */
  private _isHome = false
  /** The flow is paused and waits: for demand, or in the run queue. */
  private _waits = false
  private _unlooked = LOOK
  private _sliceBegan = 0

  constructor(
    private readonly _stream: Readable,
    subscriber: Subscriber<T>,
    private readonly _complete: (() => void) | null,
  ) {
    this._downstream = new Downstream(subscriber)
    this.scope = this._downstream.demand.scope
  }

  begin(subscriber: Subscriber<T>, owner: string | null): void {
    const { _stream: stream } = this
    if (owner !== null) reportLateErrors(stream, owner, () => this._end !== null && this._end.failure === null)
    const unwatch = watchEnd(stream, 'readable', (failure) => this._ended(failure))
    subscriber.add(() => {
      this._isOver = true
      stream.off('data', this._arrived)
      if (this._end !== null) return
      unwatch()
      this._leave(this._downstream.scope)
    })
    this._wait()
    stream.pause().on('data', this._arrived)
  }

  private _leave(scope: Scope): void {
    destroyQuietly(this._stream, causeOfLeaving(scope))
    runWaitsFor(scope, () => closed(this._stream))
  }

  private readonly _arrived = (chunk: T): void => {
    this._next = chunk
    const home = this._isHome ? null : (this.scope ?? queue.neutral)
    if (home === null) this._take()
    else home.runInAsyncScope(this._take)
  }

  private readonly _take = (): void => {
    const chunk = this._next as T // of the event
    this._next = undefined
    if (this._isOver) return
    const { demand, isOpen } = this._downstream
    if (this._waits || !isOpen || demand.othersWait || demand.isOthersTurn) {
      this._held.push(chunk)
      this._pause()
    } else {
      this._downstream.next(chunk)
      if (!this._isOver) this._goOn()
    }
  }

  /** After a chunk: flows on, or pauses. */
  private _goOn(): void {
    const { demand, isOpen } = this._downstream
    if (!isOpen || demand.othersWait) this._pause()
    else if (--this._unlooked <= 0 && this._isSliceOver()) {
      this._waits = true
      this._stream.pause()
      queue.pushAfterHost(this)
    }
  }

  private _isSliceOver(): boolean {
    this._unlooked = LOOK
    const now = performance.now()
    if (now - this._sliceBegan < SLICE) return false
    this._sliceBegan = now
    return true
  }

  private _pause(): void {
    if (this._waits) return
    this._stream.pause()
    this._wait()
  }

  private _wait(): void {
    this._waits = true
    const { demand } = this._downstream
    if (demand.isOpen && !demand.othersWait && demand.isOthersTurn) queue.push(this)
    else this._downstream.wait(this)
  }

  /** There is demand. */
  run(): void {
    if (this._isOver) return
    if (!this._downstream.isOpen) return this._wait()
    this._waits = false
    if (this._held.length > 0) this._downstream.next(this._held.shift() as T) // its length is above 0
    if (this._isOver) return
    if (this._held.length > 0) return this._wait()
    if (this._end !== null) return this._finish(this._end.failure)
    if (!this._downstream.isOpen) return this._wait()
    this._stream.resume()
    this._readAll()
  }

  /** Takes the chunks that are ready, here and now: a read of a flowing stream emits one chunk, and copies nothing. */
  private _readAll(): void {
    this._isHome = true
    try {
      while (!this._waits && !this._isOver && this._stream.read() !== null);
    } finally {
      this._isHome = false
    }
  }

  private _ended(failure: Failure | null): void {
    this._end = { failure }
    if (this._held.length === 0) queue.push({ scope: this.scope, run: () => this._finish(failure) })
  }

  private _finish(failure: Failure | null): void {
    if (this._isOver) return
    this._isOver = true
    if (failure !== null) this._downstream.error(failure.error)
    else if (this._complete === null) this._downstream.complete()
    else this._complete()
  }
}
