export { CanceledError, DeadlineExceededError } from './errors.js'
export type { Either, Option } from './option.js'
export type { CancelContext, Context, ContextKey, Op } from './types.js'
export { go, gosched, numGoroutine, type Body, type Goroutine } from './goroutine.js'
export { onCrash } from './crash.js'
export { chan, dropping, sliding, type Buffer, type Chan, type Receiver, type Sender } from './channel.js'
export { range, type Cursor } from './range.js'
export { choose, never, select, trySelect, type Cases, type Chosen, type Selectable, type SelectOptions, type Tagged } from './select.js'
export { after, newTimer, sleep, ticker, type Ticker, type Timer } from './time.js'
export {
  afterFunc,
  background,
  contextKey,
  fromSignal,
  todo,
  withCancel,
  withDeadline,
  withTimeout,
  withValue,
  withoutCancel,
} from './context.js'
export { setProbe, type Observed, type Probe } from './probe.js'
export { waitGroup, type WaitGroup } from './wait-group.js'
export { mutex, type Mutex } from './mutex.js'
export { semaphore, type Semaphore } from './semaphore.js'
export { errgroup, type ErrGroup } from './errgroup.js'
export { rateLimiter, type RateLimiter, type Reservation } from './rate-limiter.js'
export { rateEvery, sometimes, type Sometimes, type SometimesOptions } from './sometimes.js'
export { workers, type WorkersOptions } from './workers.js'
export { rwMutex, type RWMutex } from './rw-mutex.js'
export { once, onceFunc, onceValue, type Once } from './once.js'
export { cond, type Cond, type CondWait, type Locker } from './cond.js'
export { syncMap, type SyncMap } from './sync-map.js'
export { syncPool, type SyncPool } from './sync-pool.js'
export { singleflight, type SingleFlight } from './singleflight.js'
export { pool, type Pool, type PoolOptions } from './pool.js'
export { mapConcurrent, type MapConcurrentOptions } from './map-concurrent.js'
export { keyedMutex, type KeyedMutex } from './keyed-mutex.js'
export { backoff, withRetry, type BackoffOptions, type Failed, type RetryOptions, type Schedule } from './retry.js'
