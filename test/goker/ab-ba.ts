import { chan, go, gosched, mutex, once, rwMutex, sleep, trySelect, waitGroup } from 'millrace'
import type { BugProgram, Steps } from './bug-program.js'

const kind = 'AB-BA deadlock'

export const abBa: readonly BugProgram[] = [
  {
    name: 'cockroach_10214',
    kind,
    difficulty: 'hard',
    shows: ['partial deadlock'],
    program: (isFixed) =>
      function* () {
        const coalesced = mutex()
        const replicas = [0, 1].map(() => ({ outer: mutex(), inner: mutex() }))
        function* tellAll(): Steps {
          for (const { outer } of replicas) {
            yield* outer.lock()
            outer.unlock()
          }
        }
        go(function* sender() {
          yield* coalesced.lock()
          if (isFixed) coalesced.unlock()
          for (let beat = 0; beat < 2; beat++) yield* tellAll()
          if (!isFixed) coalesced.unlock()
        })
        go(function* ticker() {
          const [{ outer, inner }] = replicas
          yield* outer.lock()
          yield* inner.lock()
          for (let i = 0; i < 2; i++) {
            yield* coalesced.lock()
            coalesced.unlock()
          }
          inner.unlock()
          outer.unlock()
        })
      },
  },
  {
    name: 'kubernetes_13135',
    kind,
    difficulty: 'medium',
    shows: ['partial deadlock'],
    program: (isFixed) =>
      function* () {
        const cacher = mutex()
        const watchCache = rwMutex()
        const stop = chan<never>()
        const init = waitGroup()
        init.add(1)
        const ready = once()
        function* replaced(): Steps {
          yield* ready.do(() => init.done())
          if (!isFixed) cacher.unlock()
        }
        function* added(): Steps {
          yield* cacher.lock()
          cacher.unlock()
        }
        yield* watchCache.lock()
        watchCache.unlock()
        go(function* reflector() {
          for (let round = 0; round < 20; round++) {
            const isStopped = trySelect({ stop: stop.receive() })._tag === 'Some'
            if (isStopped) return
            if (!isFixed) yield* cacher.lock()
            yield* watchCache.lock()
            yield* replaced()
            watchCache.unlock()
            yield* gosched()
          }
        })
        yield* init.wait()
        go(function* adder() {
          yield* watchCache.lock()
          yield* added()
          watchCache.unlock()
        })
        go(function* stopper() {
          stop.close()
        })
      },
  },
  {
    name: 'moby_4951',
    kind,
    difficulty: 'medium',
    shows: ['partial deadlock'],
    program: (isFixed) =>
      function* () {
        const global = mutex()
        const device = mutex()
        function* deactivate(): Steps {
          yield* global.lock() // the device is looked up
          if (isFixed) global.unlock()
          yield* device.lock()
          if (!isFixed) global.unlock()
          yield* sleep(1)
          yield* global.lock()
          device.unlock()
          global.unlock()
        }
        go(deactivate)
        go(deactivate)
      },
  },
]
