/**
 * `main`: runs a program as Go runs its own.
 *
 *     running ──fn ends──────────────────────────────▶ leaving ──all ended, or the grace is over──▶ the process ends
 *        │  └─signal─▶ draining ──time is up─▶ asked to end ──▲    │
 *        │                │                         │              │
 *        └─all asleep: 2  └─────────────────────────┴──────────────┴─ another signal: ends at once
 *
 * There are two contexts: that of the intake ends with the first signal, and the one it is derived from when the drain has had its time.
 * Without a drain that is none, and both end together.
 *
 * Leaving cancels the goroutines that are left over and then the context, in this order, so that what is parked under the context unwinds
 * rather than fails. The process is left to end by itself, with all output written; it is made to end only when a goroutine that cannot be
 * unwound, or not in time, might hold it.
 *
 * Where we differ from Go: leftovers are unwound, their `finally` blocks run; and what holds a Node process, a server for one, holds it also
 * after main. Timers and tickers of ours do not, once no goroutine is left.
 */
import { inspect } from 'node:util'
import { background, withCancel, type Body, type Context } from '../../runtime/index.js'
import {
  addProbe,
  checkFunction,
  checkTime,
  mistyped,
  outOfRange,
  expectFailures,
  queue,
  spawn,
  time,
  type Spawned,
} from '../../runtime/internal.js'
import { watchForDeadlock } from './deadlock.js'
import { Drain, LONGEST } from './drain.js'
import { isEndOf } from './ended-by.js'
import { keepRoster, type Roster } from './roster.js'
import { statusAfter, watchSignals, type SignalError } from './signals.js'

export interface MainOptions {
  /**
   * Keeps track of all goroutines, so that a deadlock report names them and those left over are unwound: true by default, for it costs
   * little (5 ns for each wait, 20 to 80 for each goroutine). Then a goroutine that can never be woken is held for good, as in Go. With false it is collected as anywhere else; the report
   * knows main alone and how many others there are, and leftovers are abandoned after the grace.
   */
  readonly trace?: boolean
  /**
   * ms that `fn` has after the first signal to finish what is under way, before its context ends; Infinity for no limit. 0 by default:
   * the context ends with the first signal. On expiry stderr says who is still at work.
   */
  readonly drain?: number
  /** ms that goroutines left over have for their `finally` blocks before the process is ended: 1000 by default, Infinity for no limit. */
  readonly grace?: number
}

type MainFunction = Parameters<typeof main>[0]

let hasMain = false

/**
 * Runs `fn` as the main function of the program, as Go does. Call it once, at the end of the file that starts the program. `fn` is a generator
 * function, an async function, or a plain one.
 *
 * **The context** it is given ends when the process is sent SIGINT (Ctrl-C) or SIGTERM, with a SignalError as its cause. Pass it on to all that
 * waits: `within(ctx)`, `run(ctx, …)`, `fetch(url, { signal: ctx.signal })`. A second signal ends the process at once, and so does a first
 * one after `fn` has ended.
 *
 * **A graceful end** takes the option `drain` and the second context, that of the intake, which ends with the first signal: stop there what
 * brings new work in (`until(intake)`, `select({ …, end: intake.done() })`, `afterFunc(intake, () => server.close())`), and let `fn` wait for
 * what is under way, as long as `ctx` lives. It has `drain` ms for that; then `ctx` ends too.
 *
 * **The status** with which the process ends:
 *
 * | | |
 * |---|---|
 * | 0 | `fn` returned (or `process.exitCode`, if it set that), after a signal too if that was within the drain |
 * | the number it returned | a whole number from 0 to 255 |
 * | 1 | `fn` threw; the error is on stderr, with its stack and its causes |
 * | 130, 143 | SIGINT, SIGTERM, and `fn` returned after its context had ended, or threw because one of the two had |
 * | 2 | deadlock |
 *
 * **What is left over** when `fn` ends is not waited for: the other goroutines are canceled, and the context ends. Their `finally` blocks
 * run and may wait; whoever has not ended after `grace` ms, as an async function that goes on regardless, is abandoned. The process ends as
 * soon as nothing else holds it: an open server does, a ticker does not.
 *
 * **A deadlock** is reported when the process would end while `fn` still waits, since nothing is left that could wake it: "fatal error: all
 * goroutines are asleep - deadlock!" on stderr, and for each goroutine what it waits for and for how long. `yield* ctx.done()` alone is no
 * deadlock: it waits for a signal.
 *
 * **A crash**, a goroutine that fails and is joined by nobody, is an uncaught exception as without `main`. One that fails because the
 * context ended is none.
 *
 * Throws TypeError where `fn` is no function, Error when it is called a second time. Source: Go's `func main`, `os/signal.NotifyContext`;
 * the drain is `http.Server.Shutdown` for a whole program.
 *
 * @example
 * ```ts
 * import { ticker } from 'millrace'
 * import { main } from 'millrace/node'
 *
 * main(function* (ctx) {
 *   const beat = ticker(1000)
 *   for (let n = 1; ; n++) {
 *     yield* beat.receive().within(ctx) // until Ctrl-C: then the status is 130
 *     console.log(`${n} s`)
 *   }
 * })
 * ```
 */
export function main(fn: Body<[ctx: Context, intake: Context], number | void>, options: MainOptions = {}): void {
  checkFunction('main(fn)', fn)
  checkOptions(options)
  if (hasMain) throw new Error('main: called a second time, and a program has one')
  hasMain = true
  new Program(fn, options).run()
}

function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) throw mistyped('main(fn, options)', 'an object', options)
  const { trace = true, grace = 0, drain = 0 } = options as { [K in keyof MainOptions]?: unknown } // they are about to be checked
  if (typeof trace !== 'boolean') throw mistyped('main(fn, { trace })', 'true or false', trace)
  checkTime('main(fn, { drain })', drain as number) // checks the type too
  checkTime('main(fn, { grace })', grace as number) // likewise
}

class Program {
  private readonly _ctx = withCancel(background)
  private readonly _intake = withCancel(this._ctx)
  private readonly _roster: Roster | null
  private readonly _drain: Drain
  private readonly _grace: number
  private readonly _main: Spawned<number | void>
  private _signal: SignalError | null = null
  private _stopWatching = (): void => {}

  constructor(fn: MainFunction, { trace = true, drain = 0, grace = 1000 }: MainOptions) {
    this._roster = trace ? keepRoster() : null
    this._grace = grace
    this._main = spawn(named(fn), [this._ctx, this._intake], null)
    this._drain = new Drain(drain, this._main, this._roster)
  }

  run(): void {
    expectFailures((error) => this._isEnd(error))
    watchSignals(
      (signal) => this._askToEnd(signal),
      () => this._intake.err()._tag === 'Some',
    )
    this._stopWatching = watchForDeadlock(this._main, [this._ctx, this._intake], this._roster)
    // Two functions are called back directly, in the step that ends main: what it started last does not get to run.
    void this._main.join().then(
      (returned) => this._returned(returned),
      (error: unknown) => this._threw(error),
    )
  }

  private _askToEnd(signal: SignalError): void {
    this._signal = signal
    this._drain.begin(signal, () => this._ctx.cancel(signal))
    this._intake.cancel(signal)
  }

  private _isEnd(error: unknown): boolean {
    return isEndOf(this._ctx, error) || isEndOf(this._intake, error)
  }

  private _returned(returned: unknown): void {
    let status
    try {
      status = checkStatus(returned)
    } catch (error) {
      return this._threw(error)
    }
    const isCutShort = this._ctx.err()._tag === 'Some'
    this._leave(this._signal !== null && isCutShort ? statusAfter(this._signal) : status)
  }

  private _threw(error: unknown): void {
    if (this._signal !== null && this._isEnd(error)) return this._leave(statusAfter(this._signal))
    process.stderr.write(error instanceof Error ? `${inspect(error)}\n` : `main threw ${inspect(error)}\n`)
    this._leave(1)
  }

  private _leave(status: number | undefined): void {
    this._stopWatching()
    this._drain.end()
    if (status !== undefined) process.exitCode = status
    const cause = new Error('main has ended')
    const youngest = queue.nextId - 1
    for (const goroutine of this._roster?.live() ?? []) goroutine.cancel(cause)
    this._ctx.cancel(cause)
    afterLast(() => time.timers.letProcessEnd())
    const end = (): void => {
      if (this._hasLeftovers(youngest)) void exitWhenWritten()
    }
    // Holds nothing: if the others do not either, the process ends before.
    setTimeout(end, Math.min(this._grace, LONGEST)).unref()
  }

  /** What was started later is not main's: a server that lives on may well use goroutines. */
  private _hasLeftovers(youngest: number): boolean {
    if (this._roster === null) return queue.live > 0
    return queue.live > this._roster.size || this._roster.live().some(({ id }) => id <= youngest)
  }
}

/** Calls `f` once no goroutine lives. */
function afterLast(f: () => void): void {
  if (queue.live === 0) return f()
  addProbe({
    end() {
      if (queue.live === 0) f()
    },
  })
}

/** With the name that the report shows; as a key, for a bundler may rename a function. */
function named(fn: MainFunction): MainFunction {
  const substitute: Record<string, typeof fn> = { main: (ctx, intake) => fn(ctx, intake) }
  return fn.name === '' ? substitute.main : fn
}

function checkStatus(returned: unknown): number | undefined {
  const expected = 'nothing, or an exit status: a whole number from 0 to 255'
  if (returned === undefined) return undefined
  if (typeof returned !== 'number') throw mistyped('main: what fn returns', expected, returned)
  if (!Number.isInteger(returned) || returned < 0 || returned > 255) throw outOfRange('main: what fn returns', expected, returned)
  return returned
}

async function exitWhenWritten(): Promise<void> {
  await written(process.stdout)
  await written(process.stderr)
  process.exit()
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve()
    else stream.write('', () => resolve())
  })
}
