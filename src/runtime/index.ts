/** The public surface of `millrace`, room by room from the bottom up. */

// base, interfaces
export { CanceledError, DeadlineExceededError } from './base/errors.js'
export type { Either, Option } from './base/option.js'
export type { Buffer, Chan, Receiver, Sender } from './interfaces/channel.js'
export type { CancelContext, Context, ContextKey } from './interfaces/context.js'
export type { Body, Goroutine } from './interfaces/goroutine.js'
export type { Job, Routine } from './interfaces/job.js'
export type { Op } from './interfaces/op.js'

// scheduler
export { addProbe, setProbe, type Observed, type Probe } from './scheduler/probe.js'

// operation
export { fromPromise } from './operation/promise.js'

// channel, select
export { chan, dropping, sliding } from './channel/channel.js'
export { range, type Cursor } from './channel/range.js'
export {
  choose,
  never,
  select,
  trySelect,
  type Cases,
  type Chosen,
  type Selectable,
  type SelectOptions,
  type Tagged,
} from './select/select.js'

// goroutine
export { go, numGoroutine, type Go } from './goroutine/goroutine.js'
export { gosched } from './goroutine/gosched.js'
export { uncancelable } from './goroutine/uncancelable.js'
export { onCrash, onLateFailure } from './goroutine/crash.js'

// context, time
export {
  afterFunc,
  background,
  contextKey,
  todo,
  withCancel,
  withDeadline,
  withTimeout,
  withValue,
  withoutCancel,
  type ContextKeyOptions,
} from './context/context.js'
export { fromSignal } from './context/from-signal.js'
export { now } from './time/now.js'
export { rateEvery, rateLimiter, type RateLimiter } from './time/rate-limiter.js'
export type { Reservation } from './time/reservation.js'
export { after, sleep } from './time/sleep.js'
export { sometimes, type Sometimes, type SometimesOptions } from './time/sometimes.js'
export { ticker, type Ticker } from './time/ticker.js'
export { newTimer, type Timer } from './time/timer.js'

// sync
export { cond, type Cond, type CondWait, type Locker } from './sync/cond.js'
export { keyedMutex, type KeyedMutex } from './sync/keyed-mutex.js'
export { mutex, type Mutex } from './sync/mutex.js'
export { once, onceFunc, onceValue, type Once } from './sync/once.js'
export { rwMutex, type RWMutex } from './sync/rw-mutex.js'
export { semaphore, type Semaphore } from './sync/semaphore.js'
export { singleflight, type SingleFlight } from './sync/singleflight.js'
export { syncMap, type SyncMap } from './sync/sync-map.js'
export { syncPool, type SyncPool } from './sync/sync-pool.js'
export { waitGroup, type WaitGroup } from './sync/wait-group.js'

// groups
export { all } from './groups/all.js'
export { any } from './groups/any.js'
export { errgroup, type ErrGroup } from './groups/errgroup.js'
export { hedge } from './groups/hedge.js'
export { mapConcurrent, type MapConcurrentOptions } from './groups/map-concurrent.js'
export type { Member, Members, MembersOptions } from './groups/members.js'
export { pool, type Pool, type PoolOptions } from './groups/pool.js'
export { backoff, withRetry, type BackoffOptions, type Failed, type RetryOptions, type Schedule } from './groups/retry.js'
export { race } from './groups/race.js'
export { scope, type Scope } from './groups/scope.js'
export { timeout } from './groups/timeout.js'
export { workers, type WorkersOptions } from './groups/workers.js'

// diagnostics
export { traceStarts } from './diagnostics/trace-starts.js'
