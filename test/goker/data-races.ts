import { chan, go, gosched, mutex, once, rwMutex, select, sleep, waitGroup } from 'millrace'
import { shared, watch } from 'millrace/testing'
import type { BugProgram, Steps } from './bug-program.js'

const kind = 'Data race'
const shows = ['race'] as const
const options = { race: true } as const

/** The two kernels of one structure: a buffer is reset under a lock, and iterated without. */
const dispatching = (name: string, joins: boolean): BugProgram => ({
  name,
  kind,
  difficulty: 'easy',
  shows,
  options,
  program: (isFixed) =>
    function* () {
      const lock = rwMutex()
      const buffer = shared<readonly number[]>([1, 2], 'buffer')
      function* dispatch(): Steps {
        yield* lock.lock()
        buffer.value = buffer.value.slice(0, 0)
        if (!isFixed) {
          lock.unlock()
          yield* gosched()
        }
        for (const watcher of buffer.value) if (watcher > 2) throw new Error('a watcher that nobody added')
        if (isFixed) lock.unlock()
      }
      go(dispatch)
      for (let i = 0; i < 3; i++) {
        const one = go(dispatch)
        if (joins) yield* one.join()
        else yield* sleep(10)
      }
    },
})

export const dataRaces: readonly BugProgram[] = [
  {
    name: 'grpc_3090',
    kind,
    difficulty: 'easy',
    shows: ['race', 'crash'],
    options,
    program: (isFixed) =>
      function* () {
        interface Resolver {
          resolveNow(): void
        }
        const lock = mutex()
        const resolver = shared<Resolver | null>(null, 'wrapper.resolver')
        const group = waitGroup()
        function* poll(): Steps {
          yield* lock.lock()
          ;(resolver.value as Resolver).resolveNow() // null before the assignment: that is the bug
          lock.unlock()
        }
        /** Reports an initial state, which polls at once. */
        function* build(): Steps {
          if (!isFixed) yield* lock.lock()
          go(poll)
          if (!isFixed) lock.unlock()
        }
        group.go(function* dial() {
          if (isFixed) yield* lock.lock()
          yield* build()
          yield* gosched()
          resolver.value = { resolveNow: () => undefined }
          if (isFixed) lock.unlock()
          yield* sleep(5)
        })
        yield* group.wait()
      },
  },
  {
    name: 'etcd_8194',
    kind,
    difficulty: 'easy',
    shows,
    options,
    program: (isFixed) =>
      function* () {
        const rate = shared(1000, 'rate')
        const stop = chan<never>()
        const done = chan<never>()
        const old = rate.value
        function* revoke(): Steps {
          for (let round = 0; round < 3; round++) {
            if (rate.value < 1) throw new Error('no rate')
            const it = yield* select({ stop: stop.receive(), tick: sleep(5) })
            if (it.case === 'stop') break
          }
          done.close()
        }
        if (isFixed) rate.value = 10
        const group = waitGroup()
        group.go(function* lessor() {
          go(revoke)
        })
        group.go(function* test() {
          if (isFixed) return
          const before = rate.value
          rate.value = 10
          yield* sleep(1)
          rate.value = before
        })
        yield* group.wait()
        stop.close()
        yield* done.receive()
        if (isFixed) rate.value = old
      },
  },
  {
    name: 'istio_16742',
    kind,
    difficulty: 'medium',
    shows,
    options,
    program: (isFixed) =>
      function* () {
        interface Connection {
          labels: string | null
        }
        const lock = rwMutex()
        const connections = new Map<string, Connection>()
        const group = waitGroup()
        group.add(3)
        function* stream(): Steps {
          const connection: Connection = watch({ labels: 'all' }, 'connection')
          yield* lock.lock()
          connections.set('first', connection)
          if (!isFixed) {
            lock.unlock()
            yield* gosched()
          }
          void connection.labels // builds the routes
          if (isFixed) lock.unlock()
          group.done()
        }
        function* update(): Steps {
          if (isFixed) yield* lock.lock()
          else yield* lock.rLock()
          for (const connection of connections.values()) connection.labels = null
          if (isFixed) lock.unlock()
          else lock.rUnlock()
          group.done()
        }
        go(function* server() {
          go(stream)
          go(update)
          group.done()
        })
        yield* group.wait()
      },
  },
  {
    name: 'istio_8144',
    kind,
    difficulty: 'easy',
    shows,
    options,
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        const entries = new Set<string>()
        const callbacks = shared(0, 'callbacks')
        const group = waitGroup()
        function* evict(): Steps {
          yield* lock.lock()
          for (const _ of entries) {
            const before = callbacks.value
            yield* gosched()
            callbacks.value = before + 1
          }
          lock.unlock()
        }
        group.go(function* test() {
          const evictor = go(evict)
          yield* lock.lock()
          entries.add('key')
          lock.unlock()
          if (isFixed) yield* evictor.join()
          else yield* gosched()
          if (isFixed) yield* lock.lock()
          if (callbacks.value > 1) throw new Error('evicted twice')
          if (isFixed) lock.unlock()
        })
        yield* group.wait()
      },
  },
  {
    name: 'serving_6472',
    kind,
    difficulty: 'medium',
    shows,
    options,
    program: (isFixed) =>
      function* () {
        interface Item {
          pending: number
        }
        const newItem = (pending: number): Item => watch({ pending }, 'item')
        const lock = mutex()
        const items = [newItem(1)]
        const canceled = chan<never>()
        const workers = waitGroup()
        function* worker(): Steps {
          yield* lock.lock()
          const item = items.pop()
          lock.unlock()
          if (item !== undefined) item.pending-- // announces the item at zero
        }
        workers.go(worker)
        workers.go(worker)
        go(function* closer() {
          yield* workers.wait()
          canceled.close()
        })
        const item = newItem(0)
        if (isFixed) item.pending++
        yield* lock.lock()
        items.push(item)
        lock.unlock()
        if (!isFixed) {
          const before = item.pending
          yield* gosched()
          item.pending = before + 1
        }
        yield* sleep(1)
        yield* canceled.receive()
      },
  },
  {
    name: 'kubernetes_82550',
    kind,
    difficulty: 'easy',
    shows,
    options,
    program: (isFixed) =>
      function* () {
        const provider = shared<object | null>(null, 'provider')
        const init = once()
        const create = (): void => void (provider.value = {})
        for (let i = 0; i < 4; i++)
          go(function* user() {
            if (isFixed) yield* init.do(create)
            else if (provider.value === null) {
              yield* gosched()
              create()
            }
            if (provider.value === null) throw new Error('no provider')
          })
      },
  },
  {
    name: 'kubernetes_81148',
    kind,
    difficulty: 'medium',
    shows,
    options,
    program: (isFixed) =>
      function* () {
        const lock = rwMutex()
        const pods = new Map<string, { timestamp: number }>()
        const stop = chan<never>()
        const group = waitGroup()
        function* flush(): Steps {
          yield* lock.lock()
          for (const record of pods.values()) if (record.timestamp < 1) throw new Error('no timestamp')
          lock.unlock()
          yield* stop.receive()
        }
        group.go(function* test() {
          go(flush)
          const record = watch({ timestamp: 1 }, 'record')
          yield* lock.lock()
          pods.set('pod', record)
          if (!isFixed) {
            lock.unlock()
            yield* gosched()
          }
          record.timestamp = 2
          if (isFixed) lock.unlock()
        })
        yield* group.wait()
        stop.close()
      },
  },
  {
    name: 'kubernetes_80284',
    kind,
    difficulty: 'easy',
    shows,
    options,
    program: (isFixed) =>
      function* () {
        const onRotate = shared<(() => void) | null>(null, 'onRotate')
        const lock = mutex()
        const group = waitGroup()
        for (let i = 0; i < 2; i++)
          group.go(function* update() {
            const close = (): void => {} // of a new dialer
            yield* gosched()
            if (isFixed) yield* lock.lock()
            if (!isFixed || onRotate.value === null) onRotate.value = close
            if (isFixed) lock.unlock()
          })
        yield* group.wait()
      },
  },
  dispatching('kubernetes_77796', false),
  dispatching('kubernetes_89164', true),
]
