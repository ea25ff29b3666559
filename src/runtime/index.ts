export { CanceledError, DeadlineExceededError } from './base/errors.js'
export type { Either, Option } from './base/option.js'
export type { CancelContext, Context, ContextKey, Op } from './interfaces/op.js'
export { go, gosched, numGoroutine, type Body, type Goroutine } from './goroutine/goroutine.js'
export { onCrash } from './goroutine/crash.js'
export { chan, dropping, sliding, type Buffer, type Chan, type Receiver, type Sender } from './channel/channel.js'
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
export { after, newTimer, sleep, ticker, type Ticker, type Timer } from './time/time.js'
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
} from './context/context.js'
export { fromSignal } from './context/from-signal.js'
export { setProbe, type Observed, type Probe } from './scheduler/probe.js'
export { waitGroup, type WaitGroup } from './sync/wait-group.js'
export { mutex, type Mutex } from './sync/mutex.js'
export { semaphore, type Semaphore } from './sync/semaphore.js'
export { errgroup, type ErrGroup } from './groups/errgroup.js'
export { rateLimiter, type RateLimiter, type Reservation } from './time/rate-limiter.js'
export { rateEvery, sometimes, type Sometimes, type SometimesOptions } from './time/sometimes.js'
export { workers, type WorkersOptions } from './groups/workers.js'
export { rwMutex, type RWMutex } from './sync/rw-mutex.js'
export { once, onceFunc, onceValue, type Once } from './sync/once.js'
export { cond, type Cond, type CondWait, type Locker } from './sync/cond.js'
export { syncMap, type SyncMap } from './sync/sync-map.js'
export { syncPool, type SyncPool } from './sync/sync-pool.js'
export { singleflight, type SingleFlight } from './sync/singleflight.js'
export { pool, type Pool, type PoolOptions } from './groups/pool.js'
export { mapConcurrent, type MapConcurrentOptions } from './groups/map-concurrent.js'
export { keyedMutex, type KeyedMutex } from './sync/keyed-mutex.js'
export { backoff, withRetry, type BackoffOptions, type Failed, type RetryOptions, type Schedule } from './groups/retry.js'
