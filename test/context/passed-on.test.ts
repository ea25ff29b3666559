// Every function that takes a context and a body passes the values and the deadline of that context on to the body.
import {
  all,
  any,
  background,
  chan,
  contextKey,
  errgroup,
  hedge,
  mapConcurrent,
  pool,
  race,
  scope,
  sleep,
  withRetry,
  withTimeout,
  withValue,
  workers,
  type Context,
} from 'millrace'
import {
  broadcast,
  byKey,
  fanOut,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromSelect,
  groupByKey,
  run,
  tee,
  toReceiver,
  withContext,
  workerPool,
} from 'millrace/operators'
import { concatMap, type OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'

type Look = (ctx: Context) => void

const one = fromIterable([1])
const pooled = (look: Look): OperatorFunction<number, void> => workerPool(1, (_, ctx) => look(ctx))
const under = (ctx: Context, stage: OperatorFunction<number, unknown>): PromiseLike<unknown> => run(ctx, one.pipe(stage)).join()

const ways: Readonly<Record<string, (ctx: Context, look: Look) => PromiseLike<unknown>>> = {
  all: (ctx, look) => all(ctx, [look]),
  any: (ctx, look) => any(ctx, [look]),
  race: (ctx, look) => race(ctx, [look]),
  hedge: (ctx, look) => hedge(ctx, 1, [look]),
  scope: (ctx, look) => scope(ctx, (s) => look(s.ctx)),
  'scope.go': (ctx, look) => scope(ctx, (s) => s.go(look).join()),
  mapConcurrent: (ctx, look) => mapConcurrent([1], 1, (_, __, own) => look(own), { ctx }),
  withRetry: (ctx, look) => withRetry(() => null, look, { ctx }),
  errgroup(ctx, look) {
    const group = errgroup(ctx)
    group.go(look)
    return group.wait()
  },
  pool(ctx, look) {
    const tasks = pool({ size: 1, ctx })
    tasks.go(look)
    return tasks.wait()
  },
  workers(ctx, look) {
    const jobs = chan<number>(1)
    jobs.trySend(1)
    jobs.close()
    return workers(1, jobs, (_, own) => look(own), { ctx }).receive()
  },
  workerPool: (ctx, look) => under(ctx, pooled(look)),
  byKey: (ctx, look) => under(ctx, byKey((n) => n, 1, (_, own) => look(own))), // prettier-ignore
  groupByKey: (ctx, look) => under(ctx, groupByKey((n) => n, (items) => items.pipe(pooled(look)))), // prettier-ignore
  fanOut: (ctx, look) =>
    under(
      ctx,
      fanOut(1, (branch) => branch.pipe(pooled(look))),
    ),
  broadcast: (ctx, look) => under(ctx, broadcast((branch) => branch.pipe(pooled(look)))), // prettier-ignore
  tee: (ctx, look) => under(ctx, tee(pooled(look))),
  'an inner source': (ctx, look) => under(ctx, concatMap(() => one.pipe(pooled(look)))), // prettier-ignore
  withContext: (ctx, look) => run(background, one.pipe(pooled(look), withContext(ctx))).join(),
  fromGoroutine: (ctx, look) =>
    run(
      ctx,
      fromGoroutine((_, own) => look(own)),
    ).join(),
  fromOp: (ctx, look) =>
    run(
      ctx,
      fromOp((own) => sleep(0).map(() => look(own))),
    ).join(),
  fromSelect: (ctx, look) =>
    run(
      ctx,
      fromSelect((own) => (look(own), null)),
    ).join(),
  toReceiver: (ctx, look) => toReceiver(one.pipe(pooled(look)), { capacity: 0, ctx }).receive(),
}

describe.each(Object.entries(ways))('%s', (_, perform) => {
  it('passes the values and the deadline of its context on', async () => {
    const key = contextKey<string>('key')
    using limit = withTimeout(withValue(background, key, 'value'), 60_000)
    const seen: unknown[] = []
    await perform(limit, (ctx) => void seen.push(ctx.value(key), ctx.deadline()))
    expect(seen).toEqual([{ _tag: 'Some', value: 'value' }, limit.deadline()])
  })
})
