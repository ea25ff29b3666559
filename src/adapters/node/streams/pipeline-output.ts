/** The items of a pipeline for a Readable. The pipeline starts at the first receive, or earlier by `begin`. */
import type { Observable } from 'rxjs'
import { CanceledError, chan, withCancel, type CancelContext, type Context, type Op, type Option } from '../../../runtime/index.js'
import { sendTo } from '../../../operators/index.js'
import { running } from '../../../operators/internal.js'
import { causeOfThrown, spawn, type Operation, type Spawned } from '../../../runtime/internal.js'
import type { ChunkSource } from './chunk-pull.js'

export class PipelineOutput<T> implements ChunkSource<T> {
  private readonly _ctx: CancelContext
  private readonly _items = chan<T>()
  private _run: Spawned | null = null

  constructor(
    private readonly _pipeline: Observable<T>,
    ctx: Context,
  ) {
    this._ctx = withCancel(ctx)
  }

  receive(): Op<Option<T>> {
    this.begin()
    return this._items.receive()
  }

  /** Completes when the pipeline has ended and its items are taken. */
  over(): Op<void> {
    return this._items.closed()
  }

  begin(): void {
    const { _items: items } = this
    this._run ??= spawn(
      running,
      [this._ctx, this._pipeline.pipe(sendTo(items, { close: true, name: 'toReadable' }))],
      {
        ended(_, failure) {
          if (!items.isClosed) items.close(failure === null ? new CanceledError() : causeOfThrown(failure.error))
          return true // the stream is destroyed with it
        },
      },
      'running',
    )
  }

  leave(error: Error | null, closed: (error: Error | null) => void): void {
    this._ctx.cancel(error ?? undefined)
    if (this._run === null) return closed(error)
    const join = this._run.join().attempt() as Operation<unknown> // an operation of the package
    join.subscribe({ next: () => closed(error) })
  }
}
