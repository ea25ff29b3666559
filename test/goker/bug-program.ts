/** A bug of GoKer: a small program that has one bug of a real project, and the same program without it. */
import { chan, go, select, sleep } from 'millrace'
import { ignoreRaces, shared, type FindingKind, type Program, type ReplayOptions } from 'millrace/testing'

export interface BugProgram {
  readonly name: string
  readonly kind: string
  readonly difficulty: 'easy' | 'medium' | 'hard'
  /** How the bug shows itself; depending on the schedule there may be more than one way. */
  readonly shows: readonly FindingKind[]
  /** What the bug shows itself with, where that has to be asked for. */
  readonly options?: ReplayOptions
  readonly program: (isFixed: boolean) => Program
}

export type Steps = Generator<never, void>

/** Go's `time.AfterFunc`: after `ms`, `f` runs as a goroutine; `stop` says whether it came before that. */
export function timerFunc(ms: number, f: () => Steps): { stop(): boolean } {
  const isSet = shared(true, 'timer.isSet')
  ignoreRaces(isSet, 'a timer of Go is atomic')
  const stopped = chan<never>()
  go(function* timerCallback() {
    yield* select({ fired: sleep(ms), stopped: stopped.receive() })
    if (!isSet.value) return
    isSet.value = false
    yield* f()
  })
  return {
    stop() {
      if (!isSet.value) return false
      isSet.value = false
      stopped.close()
      return true
    },
  }
}
