/**
 * The chunks of a ReadableStream that `toReadableStream` makes: one receive is under way at a time, and none that no pull
 * asks for.
 *
 *     idle ──pull──▶ receives ──value──▶ enqueues ──▶ idle
 *                       └──cancel──▶ withdrawn: a value that was granted goes back
 */
import type { Observable } from 'rxjs'
import { sendTo } from '../../../operators/index.js'
import { checkPipeline, running } from '../../../operators/internal.js'
import {
  CanceledError,
  chan,
  withCancel,
  type CancelContext,
  type Context,
  type Goroutine,
  type Option,
  type Receiver,
} from '../../../runtime/index.js'
import { CallbackPerformer, causeOfThrown, checkOperation, spawn, type Operation } from '../../../runtime/internal.js'

/** The parts of a controller that a pull uses. */
export interface ChunkController {
  enqueue(chunk: unknown): void
  close(): void
  error(cause: unknown): void
}

export abstract class Chunks<T> extends CallbackPerformer<Option<T>> {
  private _controller: ChunkController | null = null
  private _toChunk: (value: T) => unknown = (value) => value
  /** Resolves the pull under way. */
  private _pulled: () => void = () => {}
  protected readonly ctx: CancelContext

  constructor(ctx: Context) {
    super()
    this.ctx = withCancel(ctx)
  }

  /** The receiver of the values, at the first pull and after it. */
  protected abstract values(): Receiver<T>
  /** The stream has no reader any more. */
  protected abstract left(reason: unknown): Promise<void>

  /** For `pull` of a stream. `toChunk` returns null for a value without a chunk. */
  pull(controller: ChunkController, toChunk: (value: T) => unknown): Promise<void> {
    this._controller = controller
    this._toChunk = toChunk
    return new Promise((resolve) => {
      this._pulled = resolve
      this._receive()
    })
  }

  /** For `cancel` of a stream. */
  leave(reason: unknown): Promise<void> {
    this.stop()
    this._pulled()
    this.ctx.cancel(reason)
    return this.left(reason)
  }

  private _receive(): void {
    const receive = this.values().receive().within(this.ctx)
    this.start(checkOperation('toReadableStream: receive()', receive) as Operation<Option<T>>) // a receive results in an Option
  }

  protected succeeded(message: Option<T>): void {
    if (message._tag === 'None') return this._end((controller) => controller.close())
    let chunk: unknown
    try {
      chunk = this._toChunk(message.value)
    } catch (cause) {
      return this._fail(cause)
    }
    if (chunk === null) return this._receive()
    this._enqueue(chunk)
  }

  private _enqueue(chunk: unknown): void {
    try {
      this._controller?.enqueue(chunk)
    } catch (cause) {
      return this._fail(cause) // a chunk that the stream refuses
    }
    this._pulled()
  }

  protected failed(cause: unknown): void {
    this._end((controller) => controller.error(cause))
  }

  /** The stream fails by itself: everything above ends. */
  private _fail(cause: unknown): void {
    this.failed(cause)
    this.ctx.cancel(cause)
    void this.left(cause)
  }

  private _end(tell: (controller: ChunkController) => void): void {
    this.ctx.cancel()
    if (this._controller !== null) tell(this._controller)
    this._pulled()
  }
}

/** The items of a pipeline, which starts at the first pull. */
export class PipelineChunks<T> extends Chunks<T> {
  private readonly _items = chan<T>()
  private _run: Goroutine<void> | null = null

  constructor(
    private readonly _pipeline: Observable<T>,
    ctx: Context,
    /** Called with the end of the pipeline. */
    private readonly _ended: (failure: { readonly error: unknown } | null) => void = () => {},
  ) {
    super(ctx)
    checkPipeline('toReadableStream(source)', _pipeline)
  }

  protected values(): Receiver<T> {
    this._run ??= this._start()
    return this._items
  }

  private _start(): Goroutine<void> {
    const ended = (_: unknown, failure: { readonly error: unknown } | null): boolean => {
      if (!this._items.isClosed) this._items.close(failure === null ? new CanceledError() : causeOfThrown(failure.error))
      this._ended(failure)
      return true // the reader receives it
    }
    return spawn(
      running,
      [this.ctx, this._pipeline.pipe(sendTo(this._items, { close: true, name: 'toReadableStream' }))],
      { ended },
      'running',
    )
  }

  protected async left(reason: unknown): Promise<void> {
    if (this._run === null) return this._ended({ error: reason })
    await this._run.join().attempt()
  }
}

/** The values of a receiver, which stays as it is; a receiver that has `cancel` is canceled. */
export class ReceiverChunks<T> extends Chunks<T> {
  constructor(
    private readonly _receiver: Receiver<T> & { cancel?(reason: unknown): void },
    ctx: Context,
  ) {
    super(ctx)
  }

  protected values(): Receiver<T> {
    return this._receiver
  }

  protected async left(reason: unknown): Promise<void> {
    this._receiver.cancel?.(reason)
  }
}
