// Each function that takes a body performs the operation, the job or the promise that the body returns.
import {
  afterFunc,
  all,
  any,
  backoff,
  background,
  chan,
  errgroup,
  go,
  hedge,
  mapConcurrent,
  once,
  onceFunc,
  onceValue,
  pool,
  race,
  scope,
  singleflight,
  sleep,
  syncMap,
  waitGroup,
  withCancel,
  withRetry,
  workers,
  type Body,
  type Chan,
  type Routine,
} from 'millrace'
import { byKey, collect, fromGoroutine, fromIterable, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

type Anything = Body<readonly unknown[], number>

/** A body of each kind: it reports 7 to `ends` when its work has ended, a second later, and results in 7. */
const bodies: Record<string, (ends: Chan<number>) => Anything> = {
  value: (ends) => () => (ends.trySend(7), 7),
  promise: (ends) => async () => {
    await sleep(1000)
    ends.trySend(7)
    return 7
  },
  thenable: (ends) => () => ({
    then: (f?: ((value: number) => never) | null) =>
      sleep(1000).then(() => {
        ends.trySend(7)
        return f?.(7) as never // as a promise does
      }),
  }),
  operation: (ends) => () => sleep(1000).map(() => (ends.trySend(7), 7)),
  job: (ends) => () => mapConcurrent([7], 1, () => sleep(1000).map(() => ends.trySend(7))).map(() => 7),
  generator: (ends) => () => slowly(ends),
  'generator function': (ends) =>
    function* () {
      return yield* slowly(ends)
    },
}

function* slowly(ends: Chan<number>): Routine<number> {
  yield* sleep(1000)
  ends.trySend(7)
  return 7
}

function* next(values: Chan<number>): Routine<number> {
  const message = yield* values.receive()
  return message._tag === 'Some' ? message.value : NaN
}

/** Each function runs a body to its end; those without a result wait for the report of the body. */
const functions: Record<string, (body: Anything, ends: Chan<number>) => Routine<unknown>> = {
  *go(body) {
    return yield* go(body).join()
  },
  *'go.named'(body) {
    return yield* go.named('body', body).join()
  },
  *'errgroup.go'(body, ends) {
    const group = errgroup()
    group.go(body)
    yield* group.wait()
    return ends.size
  },
  *'errgroup.tryGo'(body, ends) {
    const group = errgroup()
    group.tryGo(body)
    yield* group.wait()
    return ends.size
  },
  *'waitGroup.go'(body, ends) {
    const wg = waitGroup()
    wg.go(body)
    yield* wg.wait()
    return ends.size
  },
  *'pool.go'(body) {
    const group = pool<number>({ size: 1 })
    group.go(body)
    return (yield* group.wait())[0]
  },
  *scope(body) {
    return yield* scope(background, body)
  },
  *'scope.go'(body) {
    return yield* scope(background, function* (s) {
      return yield* s.go(body).join()
    })
  },
  *all(body) {
    return (yield* all([body]))[0]
  },
  *any(body) {
    return yield* any([body])
  },
  *race(body) {
    return yield* race([body])
  },
  *hedge(body) {
    return yield* hedge(10_000, [body])
  },
  *mapConcurrent(body) {
    return (yield* mapConcurrent([1], 1, body))[0]
  },
  *workers(body) {
    const items = chan<number>(1)
    items.trySend(1)
    items.close()
    const message = yield* workers(1, items, body).receive()
    return message._tag === 'Some' && message.value
  },
  *withRetry(body) {
    return yield* withRetry(backoff(), body)
  },
  *'once.do'(body, ends) {
    yield* once().do(body)
    return ends.size
  },
  *onceFunc(body, ends) {
    yield* onceFunc(body)()
    return ends.size
  },
  *onceValue(body) {
    return yield* onceValue(body)()
  },
  *'singleflight.do'(body) {
    return (yield* singleflight<string, number>().do('key', body)).value
  },
  *'syncMap.loadOrCompute'(body) {
    return yield* syncMap<string, number>().loadOrCompute('key', body)
  },
  *afterFunc(body, ends) {
    const ctx = withCancel(background)
    afterFunc(ctx, body)
    ctx.cancel()
    return yield* next(ends)
  },
  *workerPool(body) {
    return (yield* collect(background, fromIterable([1]).pipe(workerPool(1, body))).join())[0]
  },
  *byKey(body) {
    return (yield* collect(background, fromIterable([1]).pipe(byKey(() => 1, 1, body))).join())[0]
  },
  *fromGoroutine(body, ends) {
    yield* collect(background, fromGoroutine(body)).join()
    return ends.size
  },
}

describe.each(Object.entries(functions))('%s', (_name, run) => {
  it.each(Object.entries(bodies))('performs the result of a body: a %s', async (_kind, make) => {
    const ends = chan<number>(2)
    const result = await bubble(() => run(make(ends), ends))
    expect(result === 1 || result === 7).toBe(true) // the result, or the count of bodies that ended before the wait did
  })
})
