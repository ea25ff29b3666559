/** Goroutines that are left when main ends. */
import { createServer } from 'node:http'
import { background, chan, go, gosched, newTimer, sleep, ticker, withCancel, withTimeout, type Context } from 'millrace'
import { main, type MainOptions } from 'millrace/node'
import { chosen } from './cases.js'

const HOUR = 3_600_000

function* sleeper() {
  try {
    yield* sleep(HOUR)
  } finally {
    console.log('unwound')
  }
}

type Case = [(ctx: Context) => Generator<never, number | void>, MainOptions?]

main(
  ...chosen<Case>({
    sleeping: [
      function* () {
        go(sleeper)
        go(function* outer() {
          yield* sleeper()
        })
        yield* sleep(1)
      },
    ],
    notStarted: [
      function* () {
        go(function* late() {
          console.log('must not run')
          yield* sleep(HOUR)
        })
      },
    ],
    ticking: [
      function* () {
        const beat = ticker(10)
        newTimer(HOUR)
        withTimeout(background, HOUR)
        yield* beat.receive()
        go(sleeper)
        yield* beat.receive()
      },
      { grace: HOUR },
    ],
    afterThrow: [
      function* () {
        go(sleeper)
        yield* sleep(1)
        throw new Error('main failed')
      },
    ],
    waitingFinally: [
      function* () {
        go(function* outer() {
          try {
            yield* inner()
          } finally {
            console.log('outer')
          }
        })
        yield* sleep(1)
        function* inner() {
          try {
            yield* sleep(HOUR)
          } finally {
            yield* sleep(50)
            console.log('inner')
          }
        }
      },
    ],
    helperInFinally: [
      function* () {
        go(function* () {
          try {
            yield* sleep(HOUR)
          } finally {
            yield* go(function* flush() {
              yield* sleep(20)
              console.log('flushed')
            }).join()
          }
        })
        yield* sleep(1)
      },
    ],
    endlessFinally: [
      function* () {
        go(function* () {
          try {
            yield* sleep(HOUR)
          } finally {
            yield* sleep(HOUR)
            console.log('must not come')
          }
        })
        yield* sleep(1)
        return 5
      },
      { grace: 50 },
    ],
    async: [
      function* () {
        go(async () => {
          await sleep(HOUR)
        })
        yield* sleep(1)
        return 5
      },
      { grace: 50 },
    ],
    /** Nothing keeps the process alive, so it ends before the grace period. */
    asyncHoldingNothing: [
      function* () {
        go(async () => {
          await chan<number>().receive()
        })
        yield* sleep(1)
      },
      { grace: 20_000 },
    ],
    asyncUnderContext: [
      function* (ctx) {
        go(async () => {
          try {
            await sleep(HOUR).within(ctx)
          } finally {
            console.log('told')
          }
        })
        go(async () => {
          await sleep(HOUR).within(withCancel(ctx))
        })
        yield* sleep(1)
      },
    ],
    failsInFinally: [
      function* () {
        go(function* () {
          try {
            yield* sleep(HOUR)
          } finally {
            throw new Error('from a finally') // eslint-disable-line no-unsafe-finally -- what is tested
          }
        })
        yield* sleep(1)
      },
    ],
    muchOutput: [
      function* () {
        go(async () => {
          await sleep(HOUR)
        })
        yield* sleep(1)
        process.stdout.write(`${'x'.repeat(4_000_000)}\nend\n`)
      },
      { grace: 0 },
    ],
    untraced: [
      function* () {
        go(sleeper)
        yield* sleep(1)
        return 5
      },
      { trace: false, grace: 50 },
    ],
    server: [
      function* () {
        const server = createServer().listen(0, '127.0.0.1')
        setTimeout(() => go(serve), 100)
        function* serve() {
          yield* sleep(200)
          server.close(() => console.log('closed'))
        }
      },
      { grace: 150 },
    ],
    endless: [
      function* () {
        go(function* () {
          try {
            yield* sleep(HOUR)
          } finally {
            yield* sleep(1500)
            console.log('done after all')
          }
        })
        yield* sleep(1)
      },
      { grace: Infinity },
    ],
    crash: [
      function* () {
        go(function* broken() {
          yield* sleep(10)
          throw new Error('broken goroutine')
        })
        try {
          yield* chan<number>().receive()
        } finally {
          console.log('must not run')
        }
      },
    ],
    crashBesideMain: [
      function* () {
        go(function* broken() {
          throw new Error('broken goroutine')
        })
        yield* gosched()
      },
    ],
  }),
)
