/** Mains that receive a signal; each prints when it is ready for that. */
import { CanceledError, chan, errgroup, go, range, select, sleep, ticker, withCancel, type Context } from 'millrace'
import { main, SignalError } from 'millrace/node'
import { chosen } from './cases.js'

const url = process.argv[3] ?? ''
const ready = () => console.log('ready')

main(
  chosen<(ctx: Context) => Generator<never, number | void> | Promise<number | void>>({
    async fetch(ctx) {
      try {
        await fetch(url, { signal: ctx.signal })
      } catch (error) {
        console.log(`gave up: ${String(error)}`, error instanceof SignalError && error.signal)
        throw error
      }
    },
    async fetchWithoutCatch(ctx) {
      await fetch(url, { signal: withCancel(ctx).signal })
    },
    *returns(ctx) {
      ready()
      yield* ctx.done()
      console.log(String(ctx.cause()._tag === 'Some' && ctx.err()._tag))
      return 9
    },
    async returnsAsync(ctx) {
      ready()
      await ctx.done()
      return 9
    },
    *throwsCause(ctx) {
      const beat = ticker(1000)
      ready()
      for (;;) yield* beat.receive().within(ctx)
    },
    *throwsWrapped(ctx) {
      ready()
      const end = yield* sleep(60_000).within(ctx).attempt()
      throw new Error('stage parse failed', { cause: end._tag === 'Left' ? end.left : undefined })
    },
    *throwsAggregate(ctx) {
      ready()
      yield* ctx.done()
      throw new AggregateError([new CanceledError(), new DOMException('This operation was aborted', 'AbortError')])
    },
    *throwsPartly(ctx) {
      ready()
      yield* ctx.done()
      throw new AggregateError([new CanceledError(), new Error('a real one')])
    },
    *throwsOther(ctx) {
      ready()
      yield* ctx.done()
      throw new Error('something else')
    },
    *throwsCircular(ctx) {
      ready()
      yield* ctx.done()
      const error = new Error('round')
      error.cause = error
      throw error
    },
    *group(ctx) {
      const group = errgroup(ctx)
      group.go(function* (inner) {
        yield* sleep(60_000).within(inner)
      })
      ready()
      yield* group.wait()
    },
    /** Unjoined workers that fail when the context ends. */
    *unjoined(ctx) {
      const jobs = chan<number>()
      for (let i = 0; i < 3; i++)
        go(function* worker() {
          for (;;) yield* jobs.receive().within(ctx)
        })
      go(async function asyncWorker() {
        for await (const job of jobs) await sleep(job).within(ctx)
      })
      go(async function slow() {
        await sleep(60_000).within(ctx)
      })
      ready()
      yield* select({ done: ctx.done(), timeout: sleep(60_000) })
      yield* sleep(50)
      console.log('clean')
    },
    *finallyWaits(ctx) {
      try {
        ready()
        yield* sleep(60_000).within(ctx)
      } finally {
        yield* sleep(20)
        console.log('put away')
      }
    },
    *ignores() {
      process.on('SIGINT', () => console.log('told'))
      ready()
      yield* sleep(60_000)
    },
    *left() {
      go(function* leftover() {
        try {
          yield* sleep(60_000)
        } finally {
          ready()
          yield* sleep(60_000)
        }
      })
      yield* sleep(1)
    },
    *stuckAfterwards(ctx) {
      ready()
      yield* ctx.done()
      for (const it = range(chan<number>()); yield* it.next(););
    },
  }),
  { grace: 60_000 },
)
