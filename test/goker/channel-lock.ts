import { chan, go, gosched, mutex, range, rwMutex, select, ticker, trySelect, waitGroup } from 'millrace'
import type { BugProgram, Steps } from './bug-program.js'

const kind = 'Channel & Lock'

export const channelAndLock: readonly BugProgram[] = [
  {
    name: 'grpc_1460',
    kind,
    difficulty: 'easy',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        const awake = chan<true>(isFixed ? 1 : 0)
        const active: number[] = []
        go(function* keepAlive() {
          yield* lock.lock()
          const isIdle = active.length === 0
          if (isFixed) lock.unlock()
          if (isIdle) yield* awake.receive()
          if (!isFixed) lock.unlock()
        })
        go(function* newStream() {
          yield* lock.lock()
          active.push(1)
          if (active.length === 1) awake.trySend(true)
          lock.unlock()
        })
      },
  },
  {
    name: 'etcd_7492',
    kind,
    difficulty: 'medium',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const lock = rwMutex()
        const tableLock = mutex()
        const table = new Set<string>()
        const add = chan<string>(1)
        const stop = chan<true>()
        const stopped = chan<true>()
        const tick = ticker(0.001)
        go(function* keeper() {
          for (;;) {
            const it = yield* select({ add: add.receive(), tick: tick.receive(), stop: stop.receive() })
            if (it.case === 'stop') break
            if (it.case === 'add' && it.value._tag === 'Some') table.add(it.value.value)
            if (it.case !== 'tick') continue
            for (const token of table) {
              const own = isFixed ? tableLock : lock
              yield* own.lock()
              own.unlock()
              table.delete(token)
            }
          }
          yield* stopped.send(true)
        })
        const clients = waitGroup()
        function* client(name: string): Steps {
          yield* lock.lock()
          if (isFixed) {
            yield* tableLock.lock()
            table.add(name)
            tableLock.unlock()
          } else yield* add.send(name)
          lock.unlock()
          clients.done()
        }
        clients.add(3)
        for (const name of ['a', 'b', 'c']) go(client, name)
        yield* clients.wait()
        yield* stop.send(true)
        yield* stopped.receive()
        tick.stop()
        yield* lock.lock()
        lock.unlock()
      },
  },
  {
    name: 'etcd_6873',
    kind,
    difficulty: 'hard',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        const update = chan<true>(1)
        const done = chan<never>()
        go(function* coalesce() {
          for (const it = range(update); yield* it.next();) {
            yield* lock.lock()
            lock.unlock()
          }
          done.close()
        })
        trySelect({ update: update.send(true) })
        go(function* stop() {
          yield* lock.lock()
          update.close()
          if (isFixed) lock.unlock()
          yield* done.receive()
          if (!isFixed) lock.unlock()
        })
      },
  },
  {
    name: 'serving_2137',
    kind,
    difficulty: 'hard',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const pending = chan<true>(2)
        const active = chan<true>(1)
        const requests = []
        for (let i = 0; i < 2; i++) {
          const request = { lock: mutex(), accepted: chan<boolean>(1), started: waitGroup() }
          request.started.add(1)
          yield* request.lock.lock()
          go(function* enter({ lock, accepted, started }: typeof request) {
            started.done()
            yield* gosched() // in Go another may run from here on
            const isAccepted = pending.trySend(true)
            yield* active.send(true)
            yield* lock.lock()
            lock.unlock()
            yield* active.receive()
            yield* pending.receive()
            yield* accepted.send(isAccepted)
          }, request)
          yield* request.started.wait()
          requests.push(request)
        }
        if (isFixed) for (const { lock } of requests) lock.unlock()
        for (const { lock, accepted } of requests) {
          if (!isFixed) lock.unlock()
          const it = yield* accepted.receive()
          if (it._tag === 'Some') yield* accepted.send(it.value)
        }
      },
  },
  {
    name: 'kubernetes_10182',
    kind,
    difficulty: 'medium',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const lock = rwMutex()
        const status = chan<number>()
        go(function* start() {
          go(function* syncBatch() {
            for (let i = 0; i < 2; i++) {
              yield* status.receive()
              yield* lock.lock()
              lock.unlock()
            }
          })
        })
        function* setStatus(value: number): Steps {
          yield* lock.lock()
          if (isFixed) lock.unlock()
          yield* status.send(value)
          if (!isFixed) lock.unlock()
        }
        go(setStatus, 1)
        go(setStatus, 2)
      },
  },
  {
    name: 'istio_16224',
    kind,
    difficulty: 'easy',
    shows: ['deadlock', 'leak'],
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        const event = chan<string>()
        const done = chan<true>(isFixed ? 1 : 0)
        const stop = chan<never>()
        function* handle(): Steps {
          yield* lock.lock()
          yield* done.send(true)
          lock.unlock()
        }
        go(function* monitor() {
          for (;;) {
            const it = yield* select({ stop: stop.receive(), event: event.receive() })
            if (it.case === 'event') yield* handle()
            else {
              if (!isFixed) yield* event.receive()
              return
            }
          }
        })
        yield* event.send('created')
        yield* lock.lock()
        lock.unlock()
        yield* done.receive()
        stop.close()
      },
  },
]
