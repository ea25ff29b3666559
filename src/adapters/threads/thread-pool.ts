/** Pools of threads, as users hold them. */
import type { Job, Op } from '../../runtime/index.js'
import { checkCount, checkOptions, checkTime, shared, Work } from '../../runtime/internal.js'
import { InlineHost } from './hosts/inline-host.js'
import { NodeHost } from './hosts/node-host.js'
import { isWeb, WebHost } from './hosts/web-host.js'
import type { ThreadHost } from './hosts/host.js'
import { Pool, type PoolSettings } from './pool/pool.js'
import { placeOf, type AnyRemote } from './remote-names.js'
import { isThread } from './thread/boot.js'
import type { FunctionName } from './wire/batch.js'

/** Options of `threadPool`; times in ms. */
export interface ThreadPoolOptions {
  /** The most threads. Default: the number of cores. */
  readonly size?: number
  /** The time that a canceled function has to end by itself; after it its thread is terminated. Default 1000. */
  readonly grace?: number
  /** The time after which a thread without work ends. Default 10,000. */
  readonly idle?: number
  /** The time that a module has to be evaluated in a thread. Default 10,000. */
  readonly startTimeout?: number
  /**
   * The most memory of the heap of a thread, in MB; a function that needs more is lost with its thread, as out of memory. Default:
   * that of the host. On Bun, which has no such limit, and on Deno, which does not report a thread that has reached it, the jobs
   * of a pool with `memory` throw ThreadLostError.
   */
  readonly memory?: number
  /** When a thread is replaced by a new one. Default: never. */
  readonly recycle?: RecycleOptions
}

/** The limits after which a thread takes no more jobs, ends those that it has begun, and is replaced. */
export interface RecycleOptions {
  /** The number of jobs: for functions that leak a little each time. */
  readonly jobs?: number
  /**
   * The heap and the buffers in use, in MB, garbage included; looked at after each batch of jobs. On Bun, which measures
   * neither, the jobs of the pool throw ThreadLostError.
   */
  readonly memory?: number
}

/** The state of a pool at a moment. */
export interface ThreadPoolStats {
  /** The threads that are alive. */
  readonly threads: number
  /** The jobs that threads have, begun or not. */
  readonly underWay: number
  /** The jobs that wait for a thread. */
  readonly waiting: number
  /** The jobs that threads have ended. */
  readonly jobs: number
  /** The threads that were started. */
  readonly started: number
  /** The threads that were lost: by a crash, an exit, a termination after the grace. */
  readonly lost: number
  /** The jobs that went from a busy thread to an idle thread. */
  readonly takenBack: number
  /** The threads that reached a limit of `recycle`. */
  readonly recycled: number
}

/** A pool of threads. `await using pool = threadPool()` closes the pool at the end of the block. */
export interface ThreadPool {
  /**
   * A job that starts all threads and waits until they have loaded the modules of these functions: for a program that
   * measures, or whose first request must be fast. Throws ThreadLostError where a module cannot be loaded.
   */
  ready(...functions: readonly [AnyRemote, ...AnyRemote[]]): Job<void>
  /** The state of the pool now. */
  stats(): ThreadPoolStats
  /**
   * Closes the pool at once: new jobs throw, jobs that wait fail, jobs that run are canceled and have the grace to end.
   * Returns an operation that waits until the last thread has ended.
   */
  close(): Op<void>
  /** For `await using`: closes the pool, and waits until the last thread has ended. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Hosts and the default pool, for all copies of the package. */
interface PoolState {
  host: ThreadHost | null
  /** Hosts put in force by `inline`, the latest last. */
  readonly inline: InlineHost[]
  default: Threads | null
}

const state = shared<PoolState>('millrace.threads.pools.v1', () => ({ host: null, inline: [], default: null }))

/** The pool behind `ThreadPool`: for each host a pool of its own, so that `inline` takes over pools that were made before. */
export class Threads implements ThreadPool {
  private readonly _pools = new Map<ThreadHost, Pool>()

  constructor(
    private readonly _options: Omit<PoolSettings, 'size'> & { readonly size: number | null },
    private readonly _host: ThreadHost | null = null,
  ) {}

  /** The pool on the host in force. */
  get pool(): Pool {
    const host = this._hostInForce
    const known = this._pools.get(host)
    if (known !== undefined) return known
    const pool = new Pool(host, { ...this._options, size: this._options.size ?? host.cores })
    this._pools.set(host, pool)
    if (host instanceof InlineHost) host.atEnd.push(() => this._leave(host, pool))
    return pool
  }

  /** A pool of one thread with the same options, for a thread of its own; its maker closes it. */
  apart(): Pool {
    return new Pool(this._hostInForce, { ...this._options, size: 1 })
  }

  private get _hostInForce(): ThreadHost {
    return state.inline.at(-1) ?? this._host ?? (state.host ??= isWeb() ? new WebHost() : new NodeHost())
  }

  private _leave(host: ThreadHost, pool: Pool): void {
    pool.close()
    this._pools.delete(host)
  }

  ready(...functions: readonly [AnyRemote, ...AnyRemote[]]): Job<void> {
    const names = functions.map((one, i) => placeOf(`ready(...functions): functions[${i}]`, one).fn)
    if (names.length === 0) throw new TypeError('ready(...functions): expected a function of onThreads, got none')
    return new Work('thread pool ready', () => this._ready(names))
  }

  /** In a thread it does nothing: a program that its threads evaluate too would start threads in each of them. */
  private *_ready(names: readonly FunctionName[]): Generator<never, void> {
    if (!isThread()) yield* this.pool.warmed(names)
  }

  stats(): ThreadPoolStats {
    const { pool } = this
    const { threads, underWay, waiting } = pool
    return { threads, underWay, waiting, ...pool.stats }
  }

  close(): Op<void> {
    this.pool.close()
    return this.pool.gone()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const optionNames = ['size', 'grace', 'idle', 'startTimeout', 'memory', 'recycle']

/**
 * Makes a pool of threads for functions of `onThreads`: `hash.on(pool)`. Without a pool of their own they share the default
 * pool, with a thread for each core. A pool starts its threads when jobs wait, and keeps no process alive without jobs.
 *
 * A job that has begun in a thread that is lost throws ThreadLostError; a job that has not begun runs in another thread. A
 * canceled job has the grace to end by itself; then its thread is terminated.
 *
 * Throws RangeError unless `size`, `memory` and the limits of `recycle` are whole numbers from 1 up, and for times that are NaN.
 *
 * @example
 * ```ts
 * const pool = threadPool({ size: 2, grace: 200 })
 * pool.stats().threads // → 0
 * await pool.close()
 * ```
 */
export function threadPool(options: ThreadPoolOptions = {}): ThreadPool {
  checkOptions('threadPool(options)', options, optionNames)
  const { size, grace = 1000, idle = 10_000, startTimeout = 10_000, memory, recycle = {} } = options
  if (size !== undefined) checkCount('threadPool({ size })', 1, size)
  if (memory !== undefined) checkCount('threadPool({ memory })', 1, memory)
  checkOptions('threadPool({ recycle })', recycle, ['jobs', 'memory'])
  if (recycle.jobs !== undefined) checkCount('threadPool({ recycle: { jobs } })', 1, recycle.jobs)
  if (recycle.memory !== undefined) checkCount('threadPool({ recycle: { memory } })', 1, recycle.memory)
  checkTime('threadPool({ grace })', grace)
  checkTime('threadPool({ idle })', idle)
  checkTime('threadPool({ startTimeout })', startTimeout)
  const limits = { jobs: recycle.jobs ?? Infinity, memory: recycle.memory ?? Infinity }
  return new Threads({ size: size ?? null, grace, idle, startTimeout, memory: memory ?? null, recycle: limits })
}

/** The pool of functions without a pool of their own. */
export function defaultPool(): Threads {
  return (state.default ??= threadPool() as Threads) // it makes nothing else
}

/** Puts a host in force for all pools; returns a function that takes the host out again. */
export function putInForce(host: InlineHost): () => void {
  state.inline.push(host)
  return () => {
    const at = state.inline.indexOf(host)
    if (at < 0) return
    state.inline.splice(at, 1)
    for (const leave of host.atEnd) leave()
    host.end(new Error('inline() has ended'))
  }
}
