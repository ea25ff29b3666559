/** A sink as the subject of laws, and a run of a sink with counters. */
import type { Observable } from 'rxjs'
import { go, gosched, sleep, type Context, type Goroutine, type Op } from '../../../runtime/index.js'
import { isOperation, mistyped } from '../../../runtime/internal.js'
import type { Trial } from '../../explore/trial.js'
import type { LawOptions } from '../law.js'
import { checkedResult, checkLaws } from '../support/arguments.js'
import { WatchedSource } from '../support/sources.js'

/** Options of `laws.sink`. */
export interface SinkLawOptions extends LawOptions {
  /**
   * The most items that the sink has taken and the consumer has not finished; default Infinity, for a sink that keeps
   * all items.
   */
  readonly bound?: number
  /** Whether the consumer sees items in order; default true. */
  readonly ordered?: boolean
}

/** The end of a sink: a goroutine, which is joined, or a promise or an operation. */
export type SinkEnd = Pick<Goroutine<unknown>, 'join'> | PromiseLike<unknown>

/** The consumer performs `seen(item)` for each item; that is the time of the work. */
export type MakeSink = (ctx: Context, source: Observable<number>, seen: (item: number) => Op<void>) => SinkEnd

export interface SinkSubject {
  readonly make: MakeSink
  readonly bound: number
  readonly isOrdered: boolean
  /** Items of a long run. */
  readonly many: number
}

const MANY = 3_000

export function sinkSubject(make: MakeSink, options: SinkLawOptions): SinkSubject {
  checkLaws('sink', make, options)
  const { bound = Infinity, ordered: isOrdered = true, many = MANY } = options
  return { make, bound, isOrdered, many }
}

export class TestSink {
  readonly got: number[] = []
  /** The most items held at a time: taken, and not finished by the consumer. */
  mostHeld = 0
  readonly source: WatchedSource
  readonly end: Goroutine<void>

  constructor({ make }: SinkSubject, trial: Trial, source: Observable<number>, ctx: Context) {
    this.source = new WatchedSource(source)
    this.source.onEmitted = () => void (this.mostHeld = Math.max(this.mostHeld, this.source.emitted - this.got.length))
    const isSlow = trial.choose(3) > 0
    const seen = (item: number): Op<void> => (isSlow ? sleep(trial.choose(4)) : gosched()).map(() => void this.got.push(item))
    const end = checkedResult('sink', 'a goroutine, a promise or an operation', isEnd, make(ctx, this.source.source, seen))
    this.end = 'join' in end ? go(join, end) : go(settle, end)
  }
}

function isEnd(end: SinkEnd): boolean {
  return 'join' in end || 'then' in end
}

function* join(end: Pick<Goroutine<unknown>, 'join'>): Generator<never, void> {
  const joined: unknown = end.join() // a function of the user
  if (!isOperation(joined)) throw mistyped('laws.sink(make): join() of the end', 'an operation', joined)
  yield* joined
}

async function settle(end: PromiseLike<unknown>): Promise<void> {
  await end
}
