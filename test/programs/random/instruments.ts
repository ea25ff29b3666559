/** The instruments by name. */
import { all, any, hedge, race } from './contests.js'
import { errgroup, mapConcurrent, pool, sharedWaitGroup, waitGroup, withRetry, workers } from './groups.js'
import { cond, keyedMutex, mutex, rwMutex, semaphore, syncPool } from './locks.js'
import { scope, timeouts } from './owners.js'
import { loadOrCompute, once, singleflight } from './shared-jobs.js'
import { channels, contexts, rateLimiter, timers } from './timing.js'
import type { MakeInstrument } from './world.js'

export const instruments: Readonly<Record<string, MakeInstrument>> = {
  mutex,
  keyedMutex,
  rwMutex,
  semaphore,
  cond,
  syncPool,
  once,
  singleflight,
  loadOrCompute,
  waitGroup,
  sharedWaitGroup,
  errgroup,
  pool,
  workers,
  mapConcurrent,
  withRetry,
  rateLimiter,
  timers,
  contexts,
  channels,
  all,
  any,
  race,
  hedge,
  scope,
  timeouts,
}
