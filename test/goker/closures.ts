import { chan, go, gosched, mutex, range, sleep, waitGroup } from 'millrace'
import { shared, watch } from 'millrace/testing'
import type { BugProgram } from './bug-program.js'

const options = { race: true } as const

export const closures: readonly BugProgram[] = [
  {
    name: 'moby_22941',
    kind: 'Anonymous function',
    difficulty: 'easy',
    shows: ['race'],
    options,
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        const sent: string[] = []
        const pair = shared('', 'pair')
        for (const name of ['a', 'b']) {
          pair.value = name
          go(function* request() {
            const body = isFixed ? name : pair.value
            yield* lock.lock()
            sent.push(body)
            lock.unlock()
          })
          yield* gosched()
        }
        yield* sleep(10)
      },
  },
  {
    name: 'kubernetes_70892',
    kind: 'Anonymous function',
    difficulty: 'hard',
    shows: ['race'],
    options,
    program: (isFixed) =>
      function* () {
        const results = watch([0, 0, 0], 'results')
        const lock = mutex()
        const work = chan<number>(2)
        yield* work.send(0)
        yield* work.send(1)
        work.close()
        const group = waitGroup()
        for (let i = 0; i < 2; i++)
          group.go(function* worker() {
            for (const it = range(work); yield* it.next();) {
              for (let i = 0; i < 3; i++) {
                if (isFixed) yield* lock.lock()
                if (results[i] !== 4) {
                  yield* gosched()
                  results[i] = 4
                }
                if (isFixed) lock.unlock()
              }
            }
          })
        yield* group.wait()
      },
  },
  {
    name: 'serving_6171',
    kind: 'Testing library',
    difficulty: 'easy',
    shows: ['race', 'crash'],
    options,
    program: (isFixed) =>
      function* () {
        const isOver = shared(false, 'T.isOver')
        const log = (text: string): void => {
          if (isOver.value) throw new Error(`log after the test has ended: ${text}`)
        }
        const subTest = go(function* subTest() {
          const watcher = waitGroup()
          watcher.add(1)
          go(function* outer() {
            go(function* inner() {
              log('the watcher has started')
              watcher.done()
            })
          })
          if (isFixed) yield* watcher.wait()
          else yield* gosched()
          isOver.value = true
        })
        yield* subTest.join()
      },
  },
]
