import { chan, cond, go, gosched, mutex, select, sleep, trySelect, type Receiver } from 'millrace'
import type { BugProgram, Steps } from './bug-program.js'

const isClosed = (ch: Receiver<never>): boolean => trySelect({ ch: ch.receive() })._tag === 'Some'

/** Runs `f` as a goroutine; the channel is closed when it returns. */
function closedAfter(f: () => Steps): Receiver<never> {
  const ended = chan<never>()
  go(function* after() {
    yield* f()
    ended.close()
  })
  return ended
}

export const condition: readonly BugProgram[] = [
  {
    name: 'kubernetes_11298',
    kind: 'Channel & Condition Variable',
    difficulty: 'hard',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        const changed = cond(lock)
        const wake = chan<true>(1)
        const abort = chan<never>()
        function* signaller(): Steps {
          while (!isClosed(abort)) {
            if (isFixed) wake.trySend(true)
            else {
              yield* lock.lock()
              changed.signal()
              lock.unlock()
            }
            yield* gosched()
          }
        }
        function* service(finished: Receiver<never>): Steps {
          if (isFixed) {
            for (;;) {
              const it = yield* select({ finished: finished.receive(), wake: wake.receive() })
              if (it.case === 'finished') return
            }
          }
          yield* lock.lock()
          while (!isClosed(finished)) {
            const woken = closedAfter(function* waiter() {
              yield* changed.wait()
            })
            const it = yield* select({ finished: finished.receive(), woken: woken.receive() })
            if (it.case === 'woken') continue
            changed.signal()
            yield* woken.receive()
            break
          }
          lock.unlock()
        }
        const outer = closedAfter(function* notify() {
          const finished = closedAfter(signaller)
          while (!isClosed(abort)) {
            yield* service(finished)
            yield* gosched()
          }
        })
        go(function* aborter() {
          yield* sleep(0.0003)
          abort.close()
        })
        yield* outer.receive()
      },
  },
  {
    name: 'moby_30408',
    kind: 'Condition Variable',
    difficulty: 'easy',
    shows: ['deadlock'],
    program: (isFixed) =>
      function* () {
        const lock = mutex()
        const activated = cond(lock)
        const manifest: string | null = null
        let failure: string | null = null
        const done = chan<never>()
        go(function* user() {
          yield* lock.lock()
          while (manifest === null && (!isFixed || failure === null)) yield* activated.wait()
          lock.unlock()
          done.close()
        })
        yield* lock.lock()
        failure = 'activation failed'
        if (isFixed) activated.broadcast()
        lock.unlock()
        yield* done.receive()
      },
  },
]
