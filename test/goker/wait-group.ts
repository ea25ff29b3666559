import { chan, go, mutex, sleep, waitGroup } from 'millrace'
import type { BugProgram, Steps } from './bug-program.js'

export const waitGroups: readonly BugProgram[] = [
  {
    name: 'cockroach_1055',
    kind: 'Channel & WaitGroup',
    difficulty: 'medium',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const done = chan<never>()
        const stoppers = [0, 1, 2].map(() => ({
          quit: chan<never>(),
          workers: waitGroup(),
          drain: waitGroup(),
          lock: mutex(),
          isDraining: false,
        }))
        type Stopper = (typeof stoppers)[number]
        function* worker(own: Stopper): Steps {
          if (!own.isDraining) {
            yield* own.lock.lock()
            own.drain.add(1)
            own.lock.unlock()
            if (isFixed) own.drain.done()
          }
          yield* own.quit.receive()
          own.workers.done()
        }
        function* quiesce({ lock, drain }: Stopper): Steps {
          yield* lock.lock()
          yield* drain.wait()
          lock.unlock()
        }
        for (const one of stoppers) {
          one.workers.add(1)
          go(worker, one)
        }
        go(function* stopAll() {
          for (const one of stoppers) {
            one.isDraining = true
            yield* quiesce(one)
            one.isDraining = false
          }
          for (const one of stoppers) {
            one.isDraining = true
            yield* one.lock.lock()
            yield* one.drain.wait()
            one.quit.close()
            if (isFixed) one.lock.unlock()
            yield* one.workers.wait()
            if (!isFixed) one.lock.unlock()
          }
          done.close()
        })
        yield* done.receive()
      },
  },
  {
    name: 'moby_25384',
    kind: 'Misuse WaitGroup',
    difficulty: 'easy',
    shows: ['leak'],
    program: (isFixed) =>
      function* () {
        const group = waitGroup()
        go(function* restore() {
          group.add(2)
          for (let plugin = 0; plugin < 2; plugin++) {
            go(function* restorePlugin() {
              group.done()
            })
            if (!isFixed) yield* group.wait()
          }
          yield* group.wait()
        })
      },
  },
  {
    name: 'cockroach_4407',
    kind: 'Misuse WaitGroup',
    difficulty: 'hard',
    shows: ['late-add'],
    options: { waitGroups: true },
    program: (isFixed) =>
      function* () {
        const quit = chan<never>()
        const drain = waitGroup()
        const stopper = mutex()
        const own = mutex()
        function* worker(): Steps {
          yield* stopper.lock()
          stopper.unlock()
          drain.done()
        }
        function* runWorker(): Steps {
          yield* stopper.lock()
          if (!isFixed) drain.add(1)
          go(worker)
          stopper.unlock()
        }
        for (let i = 0; i < 2; i++) {
          if (isFixed) drain.add(1)
          go(runWorker)
        }
        yield* sleep(1)
        quit.close()
        yield* drain.wait()
        yield* own.lock()
        own.unlock()
      },
  },
]
