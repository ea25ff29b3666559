/** Mains with a drain; each prints when it is ready for the signal. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterFunc, chan, choose, errgroup, go, never, select, sleep, ticker, type Context } from 'millrace'
import { main, SignalError, type MainOptions } from 'millrace/node'
import { fromIterable, run, until, workerPool } from 'millrace/operators'
import { chosen } from './cases.js'

const HOUR = 3_600_000
const ready = () => console.log('ready')

/** The second job runs when the signal comes. */
function* job(n: number, intake: Context) {
  if (n === 2) {
    ready()
    yield* choose(intake.done(), sleep(HOUR)) // the sleep keeps the process alive
  }
  yield* sleep(20)
  console.log(`job ${n} is done`)
}

/** The text of the cause that ended the context. */
const told = (ctx: Context) => {
  const cause = ctx.cause()
  return cause._tag === 'Some' && cause.value instanceof SignalError ? cause.value.message : 'alive'
}

type Case = [(ctx: Context, intake: Context) => Generator<never, number | void> | Promise<number | void>, MainOptions?]

main(
  ...chosen<Case>({
    pipeline: [
      function* (ctx, intake) {
        const endless = (function* () {
          for (let n = 1; ; n++) yield n
        })()
        yield* run(
          ctx,
          fromIterable(endless).pipe(
            until(intake),
            workerPool(1, (n) => job(n, intake)),
          ),
        ).join()
        console.log(`${told(intake)}, context ${told(ctx)}`)
      },
      { drain: HOUR },
    ],
    goroutine: [
      function* (ctx, intake) {
        const jobs = ticker(10)
        for (let n = 1; ; n++) {
          const r = yield* select({ intake: intake.done(), job: jobs.receive() }, { biased: true })
          if (r.case === 'intake') break
          yield* job(n, intake)
        }
        console.log(`${told(intake)}, context ${told(ctx)}`)
        return 7
      },
      { drain: HOUR },
    ],
    server: [
      async function (ctx, intake) {
        const server = createServer((request, response) => {
          go(async () => {
            console.log(`asked for ${request.url}`)
            await intake.done()
            await sleep(20).within(ctx)
            response.setHeader('connection', 'close').end(`answer to ${request.url}`)
          })
        }).listen(0, '127.0.0.1')
        await once(server, 'listening')
        afterFunc(intake, () => void server.close())
        console.log(`port ${(server.address() as AddressInfo).port}.`)
        await once(server, 'close')
      },
      { drain: HOUR },
    ],
    /** No code watches the intake; the worker still runs after the drain timeout. */
    slow: [
      function* (ctx) {
        const group = errgroup(ctx)
        group.go(function* slowWorker() {
          try {
            yield* sleep(HOUR)
          } finally {
            console.log(`unwound: ${told(ctx)}`)
          }
        })
        ready()
        yield* group.wait()
      },
      { drain: 1100 },
    ],
    slowUntraced: [
      async function (ctx) {
        go(function* slowWorker() {
          yield* sleep(HOUR)
        })
        ready()
        await sleep(HOUR).within(ctx)
      },
      { drain: 50, trace: false },
    ],
    ignores: [
      function* (ctx) {
        afterFunc(ctx, () => console.log('told'))
        ready()
        yield* sleep(HOUR)
      },
      { drain: 50 },
    ],
    returnsLate: [
      function* (ctx) {
        ready()
        yield* ctx.done()
        return 7
      },
      { drain: 50 },
    ],
    throwsIntake: [
      function* (_, intake) {
        ready()
        yield* sleep(HOUR).within(intake)
      },
      { drain: HOUR },
    ],
    throwsOther: [
      function* (_, intake) {
        ready()
        yield* intake.done()
        throw new Error('the flush failed')
      },
      { drain: HOUR },
    ],
    draining: [
      function* (_, intake) {
        ready()
        yield* intake.done()
        console.log('draining')
        yield* sleep(HOUR)
      },
      { drain: HOUR },
    ],
    unjoined: [
      function* (ctx, intake) {
        for (let i = 0; i < 3; i++)
          go(function* source() {
            yield* never().within(intake)
          })
        go(function* leftOver() {
          try {
            yield* never()
          } finally {
            yield* never().within(ctx)
          }
        })
        ready()
        yield* intake.done()
        yield* sleep(50)
        console.log('clean')
      },
      { drain: HOUR },
    ],
    crash: [
      function* (_, intake) {
        go(function* broken() {
          yield* intake.done()
          throw new Error('broken worker')
        })
        ready()
        yield* intake.done()
        yield* sleep(HOUR)
      },
      { drain: HOUR },
    ],
    /** Only the end of the drain can wake main. */
    stuck: [
      function* (ctx, intake) {
        ready()
        yield* intake.done()
        try {
          yield* chan<number>().receive().within(ctx)
        } finally {
          console.log('put away')
        }
      },
      { drain: 300 },
    ],
    stuckForGood: [
      function* (_, intake) {
        ready()
        yield* intake.done()
        yield* chan<number>().receive()
      },
      { drain: Infinity },
    ],
    withoutDrain: [
      function* (ctx, intake) {
        ready()
        yield* intake.done()
        console.log(`${told(intake)}, context ${told(ctx)}`)
      },
    ],
  }),
)
