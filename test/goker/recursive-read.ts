import { go, mutex, rwMutex, waitGroup } from 'millrace'
import type { BugProgram, Steps } from './bug-program.js'

const kind = 'RWR deadlock'

/** A read lock taken again by its holder, while a writer waits in between. */
export const recursiveRead: readonly BugProgram[] = [
  {
    name: 'cockroach_3710',
    kind,
    difficulty: 'hard',
    shows: ['partial deadlock'],
    program: (isFixed) =>
      function* () {
        const store = rwMutex()
        const queue = mutex()
        go(function* forceRaftLog() {
          yield* store.rLock()
          for (let replica = 0; replica < 2; replica++) {
            yield* queue.lock()
            if (!isFixed) {
              yield* store.rLock()
              store.rUnlock()
            }
            queue.unlock()
          }
          store.rUnlock()
        })
        go(function* processRaft() {
          go(function* writer() {
            yield* store.lock()
            store.unlock()
          })
        })
      },
  },
  {
    name: 'kubernetes_62464',
    kind,
    difficulty: 'hard',
    shows: ['partial deadlock'],
    program: (isFixed) =>
      function* (run) {
        const state = rwMutex()
        function* read(isNested: boolean): Steps {
          if (isNested && isFixed) return
          yield* state.rLock()
          state.rUnlock()
        }
        go(function* reconcile() {
          yield* state.rLock()
          yield* read(true)
          const isFound = run.choose(5) < 2
          if (!isFound) yield* read(true)
          state.rUnlock()
        })
        go(function* remove() {
          yield* read(false)
          yield* state.lock()
          state.unlock()
        })
      },
  },
  {
    name: 'cockroach_6181',
    kind,
    difficulty: 'medium',
    shows: ['partial deadlock'],
    program: (isFixed) =>
      function* () {
        const lock = rwMutex()
        const group = waitGroup()
        group.add(3)
        function* worker(): Steps {
          yield* lock.rLock()
          if (!isFixed) {
            yield* lock.rLock() // to make a string of it
            lock.rUnlock()
          }
          lock.rUnlock()
          yield* lock.lock()
          lock.unlock()
          group.done()
        }
        go(function* test() {
          for (let i = 0; i < 3; i++) go(worker)
          yield* group.wait()
        })
      },
  },
]
