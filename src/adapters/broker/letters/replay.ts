/**
 * Dead letters go back to where their messages came from.
 *
 *     letter ──where: yes──▶ `to` publishes ──confirmed──▶ the letter is done
 *            ──where: no───▶ stays in its slot until the end ──▶ the letter goes back to its stream
 *
 * Always true: a letter is settled once, and is done only after its message was stored. No letter that came after the
 * beginning is published: else a message that fails again would go round forever.
 */
import { tap, type Observable, type OperatorFunction } from 'rxjs'
import { after, chan, select, withCancel, type CancelContext, type Context, type Goroutine } from '../../../runtime/index.js'
import { checkContext, checkCount, checkFunction, checkRecord, checkTime, mistyped, spawn } from '../../../runtime/internal.js'
import { workerPool, type Work } from '../../../operators/index.js'
import { NOTHING } from '../../../operators/internal.js'
import { Envelope, envelopeOf, type Delivery, type Origin, type Outcome, type Position, type Right } from '../delivery.js'
import { drain } from '../drain.js'
import { checkSource, lag } from '../lag.js'
import { settle } from '../settle.js'
import { letterOf, replayHeaders, type StoredLetter } from './letter.js'

/** Options of `replay`. */
export interface ReplayOptions<T> {
  /** Publishes a letter: `link.to`, `toNats`. Its deliveries have the payload, the key, the headers, and the position of the letter. */
  readonly to: OperatorFunction<Delivery<T>, Delivery<T>>
  /** Which letters; default: all. */
  readonly where?: (letter: StoredLetter<T>) => boolean
  /** The most letters that are put back; default: no limit. */
  readonly limit?: number
  /** The most letters that are under way, those that stay included; default 1000. */
  readonly window?: number
  /** ms without a letter after which the rest is left where it is; default 5000. */
  readonly patience?: number
}

/** The work of `replay`. */
export interface ReplayReport {
  /** Letters that were put back. */
  readonly replayed: number
  /** Letters that `where` has refused: they are where they were. */
  readonly kept: number
  /** Letters that were there at the beginning, and were not looked at. */
  readonly left: number
}

/**
 * Puts dead letters back to where their messages came from. `letters` is a source of their stream, as a queue; the letters that
 * were there at the beginning are looked at, and those that came later stay.
 *
 * A letter is done after `to` has confirmed its message, and a letter that `where` refuses goes back to its stream. So nothing is
 * lost wherever a replay ends, and the next replay continues. Where the process ends between the two, the letter is put back once
 * more; with `id: ({ position }) => String(position)` in `to`, the broker stores one of the two. A message that is put back has
 * the headers of its letter, and `millrace-replays`. More than `window` letters that stay hold up those behind them.
 *
 * `join()` returns the counts; the end of `ctx` ends the replay, and is no error. Fails with the error of the source, of `to`,
 * or of `where`, and with DrainError where `to` takes 30 s after the end. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const letters = link.from<User>({ queue: 'users.dead' })
 * const to = link.to<User>({ topic: 'users', id: ({ position }) => String(position) })
 * const where = ({ cause }: StoredLetter<User>) => cause.includes('timeout')
 * const { replayed, kept } = yield* replay(ctx, letters, { to, where, limit: 100 }).join()
 * ```
 */
export function replay<T>(ctx: Context, letters: Observable<Delivery<T>>, options: ReplayOptions<T>): Goroutine<ReplayReport> {
  checkContext('replay(ctx, letters)', ctx)
  checkSource('replay(ctx, letters)', letters)
  checkRecord('replay(ctx, letters, options)', '{ to, where?, limit?, window?, patience? }', options, NAMES)
  const { to, where = () => true, limit, window = 1000, patience = 5000 } = options
  checkFunction('replay(ctx, letters, { to })', to)
  checkFunction('replay(ctx, letters, { where })', where)
  if (limit !== undefined) checkCount('replay(ctx, letters, { limit })', 1, limit)
  checkCount('replay(ctx, letters, { window })', 1, window)
  checkTime('replay(ctx, letters, { patience })', patience)
  return spawn(replaying<T>, [ctx, letters, { to, where, limit: limit ?? Infinity, window, patience }], null)
}

const NAMES = ['to', 'where', 'limit', 'window', 'patience']

type Options<T> = Required<ReplayOptions<T>>

function* replaying<T>(ctx: Context, letters: Observable<Delivery<T>>, options: Options<T>): Generator<never, ReplayReport> {
  using stop = withCancel(ctx)
  const first = yield* select({ lag: lag(letters), stop: stop.done() })
  const total = first.case === 'lag' ? first.value.waiting + first.value.underWay : 0
  const replay = new Replay<T>(total, options, stop)
  if (replay.left === 0) return replay.report
  const running = drain(stop, replay.pipeline(letters))
  try {
    for (let looked = -1; looked !== replay.looked;) {
      looked = replay.looked
      const next = yield* select({ ended: running.join(), late: after(options.patience) })
      if (next.case === 'ended') return replay.report
    }
    replay.end()
    yield* running.join()
    return replay.report
  } finally {
    running.cancel()
  }
}

class Replay<T> {
  looked = 0
  private _passed = 0
  private _replayed = 0
  private _kept = 0
  /** Closed at the end: letters that stay go back. */
  private readonly _over = chan<void>()
  /** The letters that were looked at. */
  private readonly _seen = new Set<string>()
  private readonly _done = new Set<string>()

  constructor(
    private readonly _total: number,
    private readonly _options: Options<T>,
    private readonly _stop: CancelContext,
  ) {}

  get left(): number {
    return Math.max(0, this._total - this.looked)
  }

  get report(): ReplayReport {
    return { replayed: this._replayed, kept: this._kept, left: this.left }
  }

  pipeline(letters: Observable<Delivery<T>>): Observable<never> {
    const { to, window } = this._options
    return letters.pipe(
      workerPool(window, (delivery: Delivery<T>) => this._look(delivery)),
      to,
      tap(({ position }) => this._stored(String(position))),
      settle({ attempts: Infinity, schedule: () => null }),
    )
  }

  end(): void {
    if (!this._over.isClosed) this._over.close()
    this._stop.cancel()
  }

  private _look(delivery: Delivery<T>): Work<Delivery<T>> {
    const { right } = envelopeOf('replay(ctx, letters): an item', delivery)
    const at = String(delivery.position)
    // A letter that comes twice has lost its settlement, or its lease.
    if (this._done.has(at)) return nothing(() => delivery.done())
    if (!this._seen.has(at)) {
      if (this._isOver) return nothing(() => delivery.retry())
      this._seen.add(at)
      this.looked++
    }
    const letter = letterOf(delivery)
    const isWanted = this._isWanted(letter)
    if (isWanted) this._passed++
    else this._kept++
    if (this.looked >= this._total || this._passed >= this._options.limit) this.end()
    return isWanted ? new Envelope(delivery.value, new ReplayRight(right, replayHeaders(letter))) : this._staying(delivery)
  }

  private get _isOver(): boolean {
    return this._over.isClosed
  }

  private _isWanted(letter: StoredLetter<T>): boolean {
    const wanted: unknown = this._options.where(letter) // of the user
    if (typeof wanted !== 'boolean') throw mistyped('replay(ctx, letters, { where }): the result', 'a boolean', wanted)
    return wanted
  }

  /** The letter stays in its slot until the end, so that it does not come again. */
  private *_staying(delivery: Delivery<T>): Generator<never, Delivery<T>> {
    yield* select({ over: this._over.closed(), stop: this._stop.done(), lost: delivery.ctx.done() })
    return nothing(() => delivery.retry())
  }

  private _stored(at: string): void {
    this._replayed++
    this._done.add(at)
  }
}

/** The delivery has left. */
function nothing(settled: () => void): never {
  settled()
  return NOTHING as never // the engine knows it
}

/** The right of a letter, with other headers. */
class ReplayRight implements Right {
  failures = 0

  constructor(
    private readonly _letter: Right,
    readonly headers: ReadonlyMap<string, string>,
  ) {}

  get isSettled(): boolean {
    return this._letter.isSettled
  }
  get key(): string | null {
    return this._letter.key
  }
  get attempt(): number {
    return this._letter.attempt
  }
  get position(): Position {
    return this._letter.position
  }
  get ctx(): Context {
    return this._letter.ctx
  }
  get refusal(): Error | null {
    return this._letter.refusal
  }
  get origins(): readonly Origin[] {
    return this._letter.origins
  }
  get payload(): unknown {
    return this._letter.payload
  }
  settle(outcome: Outcome): void {
    this._letter.settle(outcome)
  }
}
