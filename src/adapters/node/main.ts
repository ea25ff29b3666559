/**
 * `main`: runs a program as Go runs its own.
 *
 *     running ──fn ends───────────────────────────────▶ leaving ──all ended, or the grace is over──▶ the process ends
 *        │  └─signal─▶ draining ──time is up─▶ canceled ──▲    │
 *        │                │                        │           │
 *        └─deadlock: 2    └────────────────────────┴───────────┴─ another signal: ends at once
 *
 * Two contexts: the intake context ends with the first signal; main's context, its parent, ends at the end of the
 * drain. Without a drain both end together.
 *
 * Always true:
 * - Leaving cancels first the remaining goroutines and then the context, so a goroutine parked under the context
 *   unwinds instead of failing.
 * - The process ends by itself, with all output written. `main` ends the process only when a goroutine that has not
 *   unwound in time might hold it.
 *
 * Where we differ from Go: remaining goroutines are unwound and their `finally` blocks run; a resource that holds a
 * Node process, such as a server, holds the process after main as well. Timers and tickers of Millrace do not, once no
 * goroutine is left.
 */
import { inspect } from 'node:util'
import { isMainThread, workerData } from 'node:worker_threads'
import { background, withCancel, type Body, type Context } from '../../runtime/index.js'
import {
  checkFunction,
  checkRecord,
  checkTime,
  expectFailures,
  GoroutineTable,
  isInstance,
  joinProbe,
  mistyped,
  oncePerDrain,
  outOfRange,
  queue,
  readable,
  spawn,
  time,
  type Spawned,
} from '../../runtime/internal.js'
import { isCancellation } from './cancellation.js'
import { watchForDeadlock } from './deadlock.js'
import { MAX_DELAY } from './delay.js'
import { Drain } from './drain.js'
import { statusAfter, watchSignals, type SignalError } from './signals.js'

/** Options of `main`. */
export interface MainOptions {
  /**
   * Tracks all goroutines, so that a deadlock report lists them and the remaining goroutines are unwound. Default true:
   * the table costs 5 ns for each wait and 20 to 80 ns for each goroutine, and keeps a goroutine that can never be
   * woken in memory, as Go does. With false, such a goroutine is collected; a report lists main and the number of the
   * others, and remaining goroutines are abandoned after the grace.
   */
  readonly trace?: boolean
  /**
   * ms between the first signal and the end of main's context, in which `fn` may finish running work; Infinity for no
   * limit. Default 0: the context ends with the first signal. When the time is up, stderr lists the goroutines that are
   * still running.
   */
  readonly drain?: number
  /**
   * ms that remaining goroutines have for their `finally` blocks before the process ends; Infinity for no limit.
   * Default 1000.
   */
  readonly grace?: number
}

/** In a thread of `millrace/threads`, which evaluates the program for its functions. */
function isInPool(): boolean {
  return !isMainThread && (workerData as { readonly millrace?: unknown } | null)?.millrace !== undefined // other threads have other data
}

type MainFunction = Parameters<typeof main>[0]

/** Shared by the process: a program has a single main, whichever module calls `main`. */
let hasMain = false

/**
 * Runs `fn` as the main function of the program, as Go does. Call `main` once, at the end of the file that starts the
 * program. `fn` is a generator function, an async function or a plain function.
 *
 * **The context** that `fn` receives ends when the process receives SIGINT (Ctrl-C) or SIGTERM, with a SignalError as
 * its cause. Pass the context on to everything that waits: `within(ctx)`, `run(ctx, …)`, `fetch(url, { signal:
 * ctx.signal })`. A second signal ends the process at once, and so does a first signal after `fn` has ended.
 *
 * **A graceful shutdown** takes the option `drain` and the second parameter of `fn`, the intake context, which ends
 * with the first signal. Use the intake context to stop new work (`until(intake)`, `select({ …, end: intake.done() })`,
 * `afterFunc(intake, () => server.close())`), and let `fn` wait for running work under `ctx`. After `drain` ms `ctx`
 * ends too.
 *
 * **The exit status** of the process:
 *
 * | | |
 * |---|---|
 * | 0 | `fn` returned (or `process.exitCode`, if `fn` set it), also after a signal if within the drain |
 * | the number that `fn` returned | a whole number from 0 to 255 |
 * | 1 | `fn` threw; stderr shows the error with its stack and causes |
 * | 130, 143 | SIGINT, SIGTERM: `fn` returned after its context had ended, or threw because a context had ended |
 * | 2 | deadlock |
 *
 * **Remaining goroutines**: main does not wait for the other goroutines when `fn` ends. They are canceled, and the
 * context ends. Their `finally` blocks run and may wait. A goroutine that has not ended after `grace` ms, such as an
 * async function that ignores the context, is abandoned. The process ends as soon as nothing else holds the process: an
 * open server does, a ticker does not.
 *
 * **A deadlock** is reported when the process would end while `fn` still waits: nothing is left that could wake `fn`.
 * stderr shows "fatal error: all goroutines are asleep - deadlock!" and for each goroutine the operation and the time
 * of its wait. `yield* ctx.done()` alone is no deadlock, but a wait for a signal.
 *
 * **A crash**, that is a goroutine that fails and is neither joined nor given up, is an uncaught exception, as without
 * `main`. A failure that follows from the end of the context is no crash. A late failure is a warning, and does not
 * change the status.
 *
 * **In a thread** of `millrace/threads`, which evaluates the program for the functions of `onThreads`, `main` does nothing.
 *
 * Throws TypeError if `fn` is no function or an option is of the wrong type, RangeError if a time is NaN, Error if
 * `main` was called before. Source: Go's `func main` and `os/signal.NotifyContext`; the drain is `http.Server.Shutdown`
 * for a whole program.
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
  if (isInPool()) return
  if (hasMain) throw new Error('main: called a second time; a program has one main function')
  hasMain = true
  new Program(fn, options).run()
}

function checkOptions(options: unknown): void {
  checkRecord('main(fn, options)', 'an object', options, ['trace', 'drain', 'grace'])
  const { trace = true, grace = 0, drain = 0 } = options as { [K in keyof MainOptions]?: unknown } // each is checked below
  if (typeof trace !== 'boolean') throw mistyped('main(fn, { trace })', 'true or false', trace)
  checkTime('main(fn, { drain })', drain as number) // checkTime checks the type
  checkTime('main(fn, { grace })', grace as number) // as above
}

class Program {
  private readonly _ctx = withCancel(background)
  private readonly _intake = withCancel(this._ctx)
  private readonly _table: GoroutineTable | null
  private readonly _drain: Drain
  private readonly _grace: number
  private readonly _main: Spawned<number | void>
  private _signal: SignalError | null = null
  private _stopWatching = (): void => {}

  constructor(fn: MainFunction, { trace = true, drain = 0, grace = 1000 }: MainOptions) {
    this._table = trace ? tableOfAll() : null
    this._grace = grace
    this._main = spawn(named(fn), [this._ctx, this._intake], null)
    this._drain = new Drain(drain, this._main, this._table)
  }

  run(): void {
    expectFailures((error) => this._isCancellation(error))
    watchSignals(
      (signal) => this._receive(signal),
      () => this._intake.err()._tag === 'Some',
    )
    this._stopWatching = watchForDeadlock(this._main, [this._ctx, this._intake], this._table)
    // `then` with two functions calls back directly, in the step in which main ends: goroutines that main started last
    // do not run.
    void this._main.join().then(
      (returned) => this._returned(returned),
      (error: unknown) => this._threw(error),
    )
  }

  private _receive(signal: SignalError): void {
    this._signal = signal
    this._drain.begin(signal, () => this._ctx.cancel(signal))
    this._intake.cancel(signal)
  }

  private _isCancellation(error: unknown): boolean {
    return isCancellation(error, this._ctx) || isCancellation(error, this._intake)
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
    if (this._signal !== null && this._isCancellation(error)) return this._leave(statusAfter(this._signal))
    process.stderr.write(`${isInstance(error, Error) ? '' : 'main threw '}${readable(() => inspect(error))}\n`)
    this._leave(1)
  }

  private _leave(status: number | undefined): void {
    this._stopWatching()
    this._drain.end()
    if (status !== undefined) process.exitCode = status
    const cause = new Error('main has ended')
    const youngest = queue.nextId - 1
    for (const goroutine of this._table?.live() ?? []) goroutine.cancel(cause)
    this._ctx.cancel(cause)
    afterLast(() => time.timers.letProcessEnd())
    const end = (): void => {
      if (this._hasRemaining(youngest)) void exitWhenWritten()
    }
    // The timer does not hold the process, which therefore ends earlier if nothing else holds it.
    setTimeout(end, Math.min(this._grace, MAX_DELAY)).unref()
  }

  /**
   * True while a goroutine lives that was started before main ended; a server that lives on may start goroutines later.
   */
  private _hasRemaining(youngest: number): boolean {
    if (this._table === null) return queue.live > 0
    return queue.live > this._table.size || this._table.live().some(({ id }) => id <= youngest)
  }
}

/** A table of all goroutines that start from now on. */
function tableOfAll(): GoroutineTable {
  const now = (): number => performance.now()
  const table = new GoroutineTable(now, oncePerDrain(now))
  joinProbe(table)
  return table
}

/** Calls `f` once no goroutine lives. */
function afterLast(f: () => void): void {
  if (queue.live === 0) return f()
  joinProbe({
    end() {
      if (queue.live === 0) f()
    },
  })
}

/**
 * The function, under the name `main` if the function has no name. The name is a key, because a bundler may rename a
 * function.
 */
function named(fn: MainFunction): MainFunction {
  const substitute: Record<string, typeof fn> = { main: (ctx, intake) => fn(ctx, intake) }
  return fn.name === '' ? substitute.main : fn
}

function checkStatus(returned: unknown): number | undefined {
  const expected = 'nothing or an exit status (a whole number from 0 to 255)'
  if (returned === undefined) return undefined
  if (typeof returned !== 'number') throw mistyped('main(fn): the result of fn', expected, returned)
  if (!Number.isInteger(returned) || returned < 0 || returned > 255) throw outOfRange('main(fn): the result of fn', expected, returned)
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
