/**
 * Threads that are none: the functions run here, between the deliveries of messages, which are steps of the run queue. Arguments
 * and results are cloned and claims are kept as across threads, so the same code meets the same errors; a schedule of a test
 * decides when each message arrives, and time is that of the test.
 *
 * Always true: the messages of one direction arrive in order; after the end of a thread none arrives.
 */
import { queue, time } from '../../../runtime/internal.js'
import { loadModule } from '../thread/load-module.js'
import { Server, type ServerHost } from '../thread/server.js'
import { recordsOf, type Batch, type Boot } from '../wire/batch.js'
import { Claims } from '../wire/claims.js'
import type { Port, ThreadEvents, ThreadHost } from './host.js'

/** Steps of the run queue that are taken in order. */
class Lane {
  private readonly _steps: (() => void)[] = []

  push(step: () => void): void {
    this._steps.push(step)
    queue.push({ scope: queue.scopeHere, run: () => this._steps.shift()?.() })
  }
}

/** A thread whose code runs here. */
export class InlineThread implements Port {
  private readonly _toThread = new Lane()
  private readonly _toPool = new Lane()
  private _server: Server | null = null
  private _hasEnded = false

  constructor(
    private readonly _host: InlineHost,
    { words }: Boot,
    private readonly _events: ThreadEvents,
  ) {
    this._toThread.push(() => {
      if (this._hasEnded) return
      const side: ServerHost = {
        post: (batch, moves) => this._deliver(batch, moves),
        load: ({ url, server }) => (server === null ? null : loadModule(url)),
        isFull: () => false,
        now: () => _host.now(),
        atTurn: (f) => _host.atTurn(f),
      }
      this._server = new Server(side, new Claims(words))
    })
  }

  post(batch: Batch, moves: readonly Transferable[]): void {
    for (const record of recordsOf(structuredClone(batch, { transfer: [...moves] })))
      this._toThread.push(() => {
        if (!this._hasEnded) this._server?.receive(record)
      })
  }

  private _deliver(batch: Batch, moves: readonly Transferable[]): void {
    const copy = structuredClone(batch, { transfer: [...moves] })
    this._toPool.push(() => {
      if (!this._hasEnded) this._events.receive(copy)
    })
  }

  terminate(): void {
    this._toPool.push(() => this.end(new Error('terminated')))
  }

  /** Ends the thread as a crash does: the messages on their way are lost. */
  end(cause: unknown): void {
    if (this._hasEnded) return
    this._hasEnded = true
    this._host.alive.delete(this)
    this._server?.stop()
    this._events.ended(cause)
  }

  hold(): void {}
}

export class InlineHost implements ThreadHost {
  /** The threads that have not ended, in order of their start. */
  readonly alive = new Set<InlineThread>()
  readonly isElsewhere = false
  readonly sharesMemory = true
  readonly onEmpty = null
  /** Called once the host is in force no more. */
  readonly atEnd: (() => void)[] = []

  constructor(readonly cores: number) {}

  start(boot: Boot, events: ThreadEvents): Port {
    const thread = new InlineThread(this, boot, events)
    this.alive.add(thread)
    return thread
  }

  now(): number {
    return time.timers.now()
  }

  timer(ms: number, f: () => void): () => void {
    if (ms === Infinity) return () => {}
    const { timers } = time
    const scope = queue.scopeHere
    const entry = timers.add(timers.now() + ms, () => queue.push({ scope, run: f }))
    return () => void timers.remove(entry)
  }

  soon(f: () => void): void {
    queue.push({ scope: queue.scopeHere, run: f })
  }

  atTurn(f: () => void): void {
    this.soon(f)
  }

  /** Ends all threads, as a crash does. */
  end(cause: unknown): void {
    for (const thread of [...this.alive]) thread.end(cause)
  }
}
