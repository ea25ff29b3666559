// A program of a library's author: every entry point, ES2022 only, no ambient types. It is type-checked, not run.
import { background, chan, go, mutex, range, select, sleep, withTimeout, type CancelContext, type Context, type Op } from 'millrace'
import { failures, schedule } from 'millrace/fast-check'
import { workerPoolTE } from 'millrace/fp-ts'
import { dumpOnSignal, keepAsyncContext, main, SignalError } from 'millrace/node'
import { batch, bounds, collect, fromIterable, fromReceiver, run, sendTo, workerPool } from 'millrace/operators'
import { bubble, dumpText, explore, laws, marbles, watchGoroutines } from 'millrace/testing'
import type { Observable } from 'rxjs'

const jobs = chan<number>(10)

function* worker(id: number, ctx: Context) {
  for (const it = range(jobs); yield* it.next();) yield* sleep(it.value).within(ctx)
  return id
}

export async function program(ctx: CancelContext): Promise<number> {
  const lock = mutex()
  const guard = await lock.lock()
  guard[Symbol.dispose]()

  const signal: AbortSignal = ctx.signal
  const chosen = await select({ job: jobs.receive(), late: sleep(10), ended: ctx.done() })
  if (chosen.case === 'job' && chosen.value._tag === 'Some') await jobs.send(chosen.value.value + 1)

  const pipeline: Observable<number[]> = fromReceiver(jobs).pipe(
    workerPool(2, (n) => n * 2),
    batch({ size: 10, within: 5 }),
  )
  const all: number[][] = await collect(ctx, pipeline).join()
  await run(ctx, fromIterable([1, 2]).pipe(sendTo(jobs))).join()
  return all.length + bounds(pipeline).stages.length + (signal ? 1 : 0)
}

export const wait: Op<void> = sleep(1).within(withTimeout(background, 10))
export const checks = [explore, laws.channel, marbles, bubble, schedule(), failures(3), workerPoolTE]
export const hooks = [keepAsyncContext, dumpOnSignal, watchGoroutines, dumpText]

main(function* (ctx) {
  const reason: unknown = ctx.cause()
  if (reason instanceof SignalError) return
  yield* go(worker, 1, ctx).join()
})
