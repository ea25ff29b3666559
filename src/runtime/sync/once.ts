/**
 * Doing something once: Go's `sync.Once`, `sync.OnceFunc`, `sync.OnceValue`. The function may wait: it runs as a goroutine of its own, so
 * that it goes on where the one who happened to start it gives up.
 */
import { checkFunction } from '../base/arguments.js'
import { spawn, type Body, type Owner } from '../goroutine/goroutine.js'
import { Operation } from '../operation/operation.js'
import type { Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'

/** Runs a function the first time only. */
export interface Once {
  /**
   * Starts `f` at the first call; at every call, waits until that one has ended. Its throw is for the first caller; it has counted, and
   * later ones wait for its end and no more.
   */
  do(f: Body<[], unknown>): Op<void>
}

/**
 * Makes one that has not run. Source: Go's `sync.Once`.
 *
 * @example
 * ```ts
 * const setUp = once()
 * function* query(sql: string) {
 *   yield* setUp.do(connect)
 *   return yield* ask(sql)
 * }
 * ```
 */
export function once(): Once {
  return new OnlyOnce()
}

class OnlyOnce implements Once, Owner {
  isOver = false
  readonly waiters = new WaitQueue()
  private _ended: Op<void> | null = null

  do(f: Body<[], unknown>): Op<void> {
    checkFunction('once.do(f)', f)
    if (this._ended !== null) return this._ended
    this._ended = new Ended(this)
    return spawn(f, [], this).join() as Op<void> // nobody looks at the result
  }

  ended(): boolean {
    this.isOver = true
    this.waiters.settleAll(undefined)
    return false
  }
}

class Ended extends Operation<void> {
  constructor(private readonly once: OnlyOnce) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    return this.once.isOver ? undefined : PENDING
  }
  park(waiter: Waiter): void {
    this.once.waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.once.waiters.remove(waiter)
  }
  override finish(): void {}
  describe(): string {
    return 'sync.Once.Do'
  }
}

/**
 * A function that runs `f` at its first call; at every call, waits until that has ended, and throws what it threw. Source: Go's
 * `sync.OnceFunc`.
 */
export function onceFunc(f: Body<[], unknown>): () => Op<void> {
  checkFunction('onceFunc(f)', f)
  return runsOnce(f) as () => Op<void> // nobody looks at the result
}

/**
 * As `onceFunc`, and what `f` answered is the result for everyone. Source: Go's `sync.OnceValue`.
 *
 * @example
 * ```ts
 * const config = onceValue(async () => JSON.parse(await readFile('config.json', 'utf8')))
 * const { port } = await config()
 * ```
 */
export function onceValue<T>(f: Body<[], T>): () => Op<T> {
  checkFunction('onceValue(f)', f)
  return runsOnce(f)
}

function runsOnce<T>(f: Body<[], T>): () => Op<T> {
  let result: Op<T> | null = null
  return () => (result ??= spawn(f, [], null).join())
}
