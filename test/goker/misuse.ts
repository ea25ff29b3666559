import { chan, go, mutex, never, once, range, rwMutex, select, sleep, trySelect, waitGroup, type Chan } from 'millrace'
import { watch } from 'millrace/testing'
import type { BugProgram, Steps } from './bug-program.js'

const kind = 'Misuse channel'

export const misuse: readonly BugProgram[] = [
  {
    name: 'grpc_2371',
    kind,
    difficulty: 'easy',
    shows: ['crash'],
    program: (isFixed) =>
      function* () {
        interface Connection {
          balancer: { update: Chan<number> } | null
        }
        const lock = rwMutex()
        for (let i = 0; i < 3; i++) {
          const connection: Connection = { balancer: { update: chan<number>(1) } }
          go(function* watcher() {
            yield* lock.lock()
            if (!isFixed || connection.balancer !== null) {
              const { update } = connection.balancer as { update: Chan<number> } // null where it has been closed: that is the bug
              trySelect({ old: update.receive() })
              yield* update.send(1)
            }
            lock.unlock()
          })
          go(function* closer() {
            yield* lock.lock()
            connection.balancer = null
            lock.unlock()
          })
        }
        yield* sleep(100)
      },
  },
  {
    name: 'etcd_3077',
    kind,
    difficulty: 'easy',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const raft = watch<{ stopped: Chan<true> | null; done: Chan<never> | null }>({ stopped: null, done: null }, 'raft')
        const create = () => Object.assign(raft, { stopped: chan<true>(), done: chan<never>() })
        const stop = chan<true>()
        const finished = chan<never>()
        function* run(): Steps {
          if (!isFixed) create()
          yield* (raft.stopped ?? chan<true>()).receive()
          raft.done?.close()
        }
        go(function* server() {
          if (isFixed) create()
          go(run)
          yield* sleep(10)
          yield* stop.receive()
          yield* raft.stopped?.send(true) ?? never()
          yield* raft.done?.receive() ?? never()
          finished.close()
        })
        const it = yield* select({ sent: stop.send(true), finished: finished.receive() })
        if (it.case === 'sent') yield* finished.receive()
      },
  },
  {
    name: 'serving_3068',
    kind,
    difficulty: 'easy',
    shows: ['crash'],
    program: (isFixed) =>
      function* () {
        const work = chan<() => void>(5)
        const items = waitGroup()
        const producer = waitGroup()
        producer.add(5)
        const closing = once()
        go(function* worker() {
          for (const it = range(work); yield* it.next();) {
            it.value()
            items.done()
          }
        })
        go(function* produce() {
          for (let i = 0; i < 5; i++) {
            items.add(1)
            yield* work.send(() => {})
            yield* sleep(10)
            producer.done()
          }
        })
        if (isFixed) yield* producer.wait()
        yield* closing.do(function* () {
          work.close()
          go(function* waitForItems() {
            yield* items.wait()
          })
        })
        yield* producer.wait()
      },
  },
  {
    name: 'double close',
    kind: 'Misuse channel (not of GoKer)',
    difficulty: 'medium',
    shows: ['crash'],
    program: (isFixed) =>
      function* () {
        const done = chan<never>()
        const lock = mutex()
        let isOver = false
        function* finish(): Steps {
          yield* lock.lock()
          const isFirst = !isOver
          if (isFixed) isOver = true
          lock.unlock()
          if (!isFirst) return
          yield* sleep(1) // writes what is left
          isOver = true
          done.close()
        }
        go(finish)
        go(finish)
        yield* done.receive()
      },
  },
  {
    name: 'negative counter',
    kind: 'Misuse WaitGroup (not of GoKer)',
    difficulty: 'medium',
    shows: ['crash'],
    program: (isFixed) =>
      function* () {
        const group = waitGroup()
        if (isFixed) group.add(1)
        go(function* worker() {
          yield* sleep(1)
          group.done()
        })
        yield* sleep(2)
        if (!isFixed) group.add(1)
        yield* group.wait()
      },
  },
]
