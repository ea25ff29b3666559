import { after, chan, go, mutex, select, sleep, type Chan } from 'millrace'
import type { BugProgram, Steps } from './bug-program.js'

const kind = 'Channel'

export const channel: readonly BugProgram[] = [
  {
    name: 'grpc_660',
    kind,
    difficulty: 'easy',
    shows: ['leak'],
    program: (isFixed) =>
      function* (run) {
        const stop = chan<true>()
        function* call(done: Chan<boolean>): Steps {
          yield* done.send(run.choose(2) === 0)
        }
        go(function* client() {
          for (;;) {
            const done = chan<boolean>(isFixed ? 1 : 0)
            go(call, done)
            const it = yield* select({ stop: stop.receive(), done: done.receive() })
            if (it.case === 'stop') return
          }
        })
        go(function* stopper() {
          yield* stop.send(true)
        })
      },
  },
  {
    name: 'grpc_1275',
    kind,
    difficulty: 'easy',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const data = chan<number>()
        const done = chan<never>()
        go(function* reader() {
          yield* data.receive()
          done.close()
        })
        if (isFixed) data.close()
        yield* select({ done: done.receive(), timeout: after(0.0003) })
      },
  },
  {
    name: 'etcd_6857',
    kind,
    difficulty: 'medium',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const status = chan<Chan<number>>()
        const stop = chan<true>()
        const done = chan<never>()
        go(function* server() {
          for (;;) {
            const it = yield* select({ status: status.receive(), stop: stop.receive() })
            if (it.case === 'stop') break
            if (it.value._tag === 'Some') yield* it.value.value.send(1)
          }
          done.close()
        })
        go(function* client() {
          const reply = chan<number>()
          if (isFixed) {
            const it = yield* select({ sent: status.send(reply), done: done.receive() })
            if (it.case === 'done') return
          } else yield* status.send(reply)
          yield* reply.receive()
        })
        go(function* stopper() {
          const it = yield* select({ sent: stop.send(true), done: done.receive() })
          if (it.case === 'sent') yield* done.receive()
        })
      },
  },
  {
    name: 'cockroach_35931',
    kind,
    difficulty: 'easy',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const [left, right] = [chan<string>(1), chan<string>(1)]
        const flow = mutex()
        yield* left.send('row')
        yield* flow.lock()
        const receivers = [left, right]
        flow.unlock()
        for (const one of receivers) {
          if (isFixed) one.trySend('canceled')
          else yield* one.send('canceled')
        }
      },
  },
  {
    name: 'cockroach_24808',
    kind,
    difficulty: 'easy',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const suggested = chan<true>(1)
        const stop = chan<never>()
        yield* suggested.send(true)
        if (isFixed) suggested.trySend(true)
        else yield* suggested.send(true)
        go(function* compactor() {
          for (;;) {
            const it = yield* select({ stop: stop.receive(), suggested: suggested.receive() })
            if (it.case === 'stop') return
          }
        })
        stop.close()
      },
  },
  {
    name: 'kubernetes_38669',
    kind,
    difficulty: 'easy',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const input = chan<number>()
        const result = chan<number>(isFixed ? 2 : 0)
        const lock = mutex()
        go(function* watcher() {
          for (let event = 0; event < 2; event++) yield* result.send(event)
          while ((yield* input.receive())._tag === 'Some');
          result.close()
        })
        yield* lock.lock()
        input.close()
        lock.unlock()
      },
  },
  {
    name: 'kubernetes_5316',
    kind,
    difficulty: 'easy',
    shows: ['leak'],
    program: (isFixed) =>
      function* (run) {
        const ok = chan<true>(isFixed ? 1 : 0)
        const failed = chan<true>(isFixed ? 1 : 0)
        go(function* request() {
          go(function* work() {
            yield* sleep(2)
            yield* (run.choose(2) === 0 ? ok : failed).send(true)
          })
          yield* select({ ok: ok.receive(), failed: failed.receive(), timeout: after(1) })
        })
      },
  },
  {
    name: 'moby_21233',
    kind,
    difficulty: 'easy',
    shows: ['leak'],
    program: (isFixed) =>
      function* (run) {
        go(function* test() {
          const progress = chan<number>()
          const finished = chan<never>()
          go(function* consumer() {
            while ((yield* progress.receive())._tag === 'Some') if (run.choose(2) === 0 && !isFixed) return
            finished.close()
          })
          const transfers = [0, 1, 2].map(() => ({ lock: mutex(), release: chan<never>(), running: chan<never>(), signal: chan<never>() }))
          function* watch({ lock, release, running, signal }: (typeof transfers)[number]): Steps {
            for (let isReleased = false; ;) {
              yield* lock.lock()
              lock.unlock()
              if (run.choose(2) === 0) yield* progress.send(1)
              if (isReleased) break
              yield* select({ signal: signal.receive(), release: release.receive() })
              isReleased = true
            }
            running.close()
          }
          for (const transfer of transfers) go(watch, transfer)
          for (const { lock, release, running } of transfers) {
            yield* lock.lock()
            lock.unlock()
            release.close()
            yield* running.receive()
          }
          progress.close()
          yield* finished.receive()
        })
      },
  },
]
