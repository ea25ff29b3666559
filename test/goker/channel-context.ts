import { after, background, chan, go, select, sleep, trySelect, withCancel, withTimeout } from 'millrace'
import type { BugProgram, Steps } from './bug-program.js'

const kind = 'Channel & Context'

export const channelAndContext: readonly BugProgram[] = [
  {
    name: 'cockroach_10790',
    kind,
    difficulty: 'medium',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const channels = [chan<true>(), chan<true>()]
        const ctx = withCancel(background)
        go(function* beginCmds() {
          for (const ch of channels) {
            const it = yield* select({ sent: ch.send(true), done: ctx.done() })
            if (it.case === 'done') return
          }
        })
        go(function* addWriteCmd() {
          for (const ch of channels) {
            const it = yield* select({ received: ch.receive(), done: ctx.done() })
            if (it.case === 'received') continue
            if (isFixed) return
            go(function* drain() {
              for (const rest of channels) yield* rest.receive()
            })
          }
        })
        go(function* canceler() {
          ctx.cancel()
        })
      },
  },
  {
    name: 'cockroach_13197',
    kind,
    difficulty: 'easy',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const transaction = withCancel(background)
        go(function* awaitDone() {
          yield* transaction.done()
        })
        if (isFixed) transaction.cancel()
      },
  },
  {
    name: 'grpc_862',
    kind,
    difficulty: 'easy',
    shows: ['step-limit'],
    program: (isFixed) =>
      function* () {
        const caller = withCancel(background)
        go(function* dial() {
          const own = withCancel(background)
          go(function* resetAddress() {
            const connection = withCancel(own)
            for (let n = 1; ; n++) {
              withTimeout(connection, 1).cancel()
              const it = yield* select({ retry: after(n / 1000), done: connection.done() })
              if (it.case === 'done') return
            }
          })
          trySelect({ done: caller.done() })
          if (isFixed) own.cancel()
        })
        go(function* canceler() {
          caller.cancel()
        })
      },
  },
  {
    name: 'moby_33781',
    kind,
    difficulty: 'medium',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const stop = chan<true>()
        function* probe(results: ReturnType<typeof chan<number>>): Steps {
          yield* results.send(1)
          results.close()
        }
        go(function* monitor() {
          for (;;) {
            const it = yield* select({ stop: stop.receive(), tick: after(0.00005) })
            if (it.case === 'stop') return
            const results = chan<number>(isFixed ? 1 : 0)
            const ctx = withTimeout(background, 0.00005)
            go(probe, results)
            const end = yield* select({ stop: stop.receive(), results: results.receive(), timeout: ctx.done() })
            ctx.cancel()
            if (end.case === 'stop') return
            if (end.case === 'timeout') yield* results.receive()
          }
        })
        go(function* stopper() {
          yield* sleep(0.00005)
          yield* stop.send(true)
        })
      },
  },
]
