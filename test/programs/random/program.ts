/**
 * A random program: three actors that use one or two instruments, and a canceler. What each does, and when, are choices of the schedule;
 * so a failure has a token, and shrinking shortens the program with its schedule.
 */
import type { Exploration, ExploreOptions, Program } from 'millrace/testing'
import { World, type ExploringLibrary, type MakeInstrument, type Steps } from './world.js'

const ACTORS = 3
/** Takes the hook of the latest program back; a program that fails may not come to it. */
let takeBack = (): void => {}

export const programOf = (lib: ExploringLibrary, first: MakeInstrument, others: readonly MakeInstrument[]): Program =>
  function* (trial) {
    const w = new World(lib, trial)
    takeBack()
    takeBack = lib.onLateFailure((error) => w.late(error))
    w.add(first(w))
    const other = w.choose(others.length + 1)
    if (other > 0) w.add(others[other - 1](w.inner()))
    const actors = Array.from({ length: 1 + w.choose(ACTORS) }, () => w.go('actor', () => acts(w)))
    w.go('canceler', () => cancels(w, actors))
    yield* allEnd(w)
    yield* w.atRest()
    w.closeAccounts()
    w.check(lib.time.timers.size === 0, `${lib.time.timers.size} timers are left`)
    w.check(!isWatched(w), 'the context is watched still')
    if (w.violations.length > 0) throw new Error(w.violations[0])
  }

/** Explores random programs; rejects with a ScheduleError at the first that fails. */
export async function explorePrograms(
  lib: ExploringLibrary,
  first: MakeInstrument,
  others: readonly MakeInstrument[],
  options: ExploreOptions,
): Promise<Exploration> {
  try {
    return await lib.explore(programOf(lib, first, others), options)
  } finally {
    takeBack()
  }
}

function* acts(w: World): Steps {
  for (let n = 1 + w.choose(2); n > 0; n--) {
    switch (w.choose(4)) {
      case 1: // in a clean-up, which a cancel begins, or meets
        try {
          yield* w.pause()
        } finally {
          yield* w.act(0)
        }
        break
      case 2:
        yield* w.lib.uncancelable(w.act(0))
        break
      case 3:
        yield* w.act(1)
        break
      default:
        yield* w.act(0)
    }
  }
}

/** Cancels at random steps: an actor, more than once perhaps, or after its end; or the context. */
function* cancels(w: World, actors: readonly { cancel(cause?: unknown): void }[]): Steps {
  for (let n = w.choose(4); n > 0; n--) {
    if (w.choose(4) === 3) yield* w.lib.sleep(1)
    for (let turns = w.choose(5); turns > 0; turns--) yield* w.lib.gosched()
    const which = w.choose(actors.length + 1)
    if (which < actors.length) actors[which].cancel(w.stop)
    else w.ctx.cancel(w.stop)
  }
}

/** Waits for all goroutines of the program, those started meanwhile and those that nobody joins included. */
function* allEnd(w: World): Steps {
  const { numGoroutine, sleep } = w.lib
  let isOver = false
  w.lib.go.named('nudger', function* () {
    while (!isOver) {
      yield* sleep(10)
      w.nudge()
    }
  })
  for (let ended = 0; ended < w.started.length || numGoroutine() > 2;) {
    if (ended === w.started.length) {
      yield* sleep(10)
      continue
    }
    const end = yield* w.started[ended++].join().attempt()
    if (end._tag === 'Left') w.see(end.left)
  }
  isOver = true
  while (numGoroutine() > 1) yield* sleep(10)
}

/** Whether a context has children or waiters. */
function isWatched({ ctx }: World): boolean {
  return (ctx as unknown as { isWatched: boolean }).isWatched // a getter of the context's class
}
