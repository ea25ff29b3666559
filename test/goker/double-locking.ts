import { after, chan, go, mutex, rwMutex, select } from 'millrace'
import { timerFunc, type BugProgram, type Steps } from './bug-program.js'

const kind = 'Double locking'

export const doubleLocking: readonly BugProgram[] = [
  {
    name: 'grpc_3017',
    kind,
    difficulty: 'medium',
    shows: ['deadlock', 'partial deadlock'],
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        const done = chan<never>()
        let cached: { cancel(): void } | null = null
        function* remove(): Steps {
          yield* lock.lock()
          if (cached === null) {
            let isAborted = false
            const timer = timerFunc(0.001, function* () {
              yield* lock.lock()
              if (isAborted) {
                if (isFixed) lock.unlock()
                return
              }
              cached = null
              lock.unlock()
            })
            cached = { cancel: () => void (isAborted = !timer.stop()) }
          }
          lock.unlock()
        }
        function* acquire(): Steps {
          yield* lock.lock()
          cached?.cancel()
          cached = null
          lock.unlock()
        }
        go(function* pool() {
          for (let round = 0; round < 3; round++) {
            yield* remove()
            yield* acquire()
          }
          done.close()
        })
        yield* done.receive()
      },
  },
  {
    name: 'etcd_6708',
    kind,
    difficulty: 'easy',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const lock = rwMutex()
        function* request(): Steps {
          yield* lock.rLock()
          lock.rUnlock()
        }
        if (isFixed) yield* request()
        yield* lock.lock()
        if (!isFixed) yield* request()
        lock.unlock()
      },
  },
  {
    name: 'cockroach_9935',
    kind,
    difficulty: 'easy',
    shows: ['partial deadlock'],
    program: (isFixed) =>
      function* (run) {
        const lock = mutex()
        go(function* output() {
          yield* lock.lock()
          const isError = run.choose(4) > 0
          if (isError) {
            if (isFixed) lock.unlock()
            yield* lock.lock()
            lock.unlock()
            if (isFixed) return
          }
          lock.unlock()
        })
      },
  },
  {
    name: 'syncthing_4829',
    kind,
    difficulty: 'easy',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const service = rwMutex()
        const mapping = rwMutex()
        const addresses = new Map([['address', 1]])
        function* notify(): Steps {
          yield* mapping.rLock()
          mapping.rUnlock()
        }
        function* clear(): Steps {
          yield* mapping.lock()
          const removed = addresses.size > 0
          addresses.clear()
          if (isFixed) mapping.unlock()
          if (removed) yield* notify()
          if (!isFixed) mapping.unlock()
        }
        yield* service.lock()
        service.unlock()
        yield* service.lock()
        yield* clear()
        service.unlock()
      },
  },
  {
    name: 'moby_17176',
    kind,
    difficulty: 'easy',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        const done = chan<true>(isFixed ? 1 : 0)
        const counter = 0
        function* cleanUp(): Steps {
          yield* lock.lock()
          if (counter === 0) {
            if (isFixed) lock.unlock()
            return
          }
          lock.unlock()
        }
        yield* cleanUp()
        go(function* user() {
          yield* lock.lock()
          lock.unlock()
          yield* done.send(true)
        })
        yield* select({ done: done.receive(), timeout: after(1) })
      },
  },
  {
    name: 'grpc_795',
    kind,
    difficulty: 'easy',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        let isDraining = false
        go(function* server() {
          yield* lock.lock()
          lock.unlock()
        })
        for (let i = 0; i < 3; i++) {
          yield* lock.lock()
          if (isDraining && !isFixed) yield* lock.lock()
          isDraining = true
          if (isFixed) lock.unlock()
        }
      },
  },
]
