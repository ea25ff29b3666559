/** What a law is: a program that must hold under every schedule, and what is told where it does not. */
import { onUnpaced } from '../../../operators/index.js'
import { explore, replay, ScheduleError, type ExploreOptions } from '../../explore/explore.js'
import type { Finding } from '../../explore/findings.js'
import type { Event } from '../../explore/trace.js'
import type { Program } from '../../explore/scheduled-run.js'

/** One thing that is true of every channel, operator, source or sink. Any test runner can run it. */
export interface Law {
  readonly name: string
  /** In one sentence. */
  readonly meaning: string
  /** Resolves where it holds under all schedules that were tried; rejects with LawError. One at a time, as explorations are. */
  check(): Promise<void>
  /** Runs the one schedule that a LawError named: rejects with it again, or resolves when the law holds there. */
  replay(token: string): Promise<void>
}

export interface LawOptions {
  /** Schedules to try for each law, one half `random` and one half `pct`; default 200. */
  readonly schedules?: number
  /** The same seed gives the same schedules; default 1. */
  readonly seed?: number
  /** Items of a firehose; default 3000. */
  readonly many?: number
}

/** A law that does not hold: which one, what was seen, the schedule, and what happened in it. */
export class LawError extends Error {
  override readonly name = 'LawError'
  readonly finding: Finding
  /** For `law.replay(token)`. */
  readonly token: string
  readonly seed: number
  readonly events: readonly Event[]

  constructor(
    readonly law: string,
    meaning: string,
    { finding, token, seed, events, message }: ScheduleError,
  ) {
    super(`the law of ${law} is broken (${meaning}): ${message.replace(/await replay\((.*), program\)/, 'await law.replay($1)')}`, {
      cause: finding.error,
    })
    this.finding = finding
    this.token = token
    this.seed = seed
    this.events = events
  }
}

/** What one kind of law has in common with its like. */
export interface Plan {
  /** At most so many schedules: for what is long. */
  readonly most?: number
  /** Steps of one run. */
  readonly steps?: number
}

/** So few schedules are enough for what is about many items, not about their order. */
export const FEW: Plan = { most: 4, steps: 1_000_000 }

export function lawOf(name: string, meaning: string, program: Program, options: LawOptions, { most = Infinity, steps }: Plan = {}): Law {
  const { schedules = 200, seed = 1 } = options
  // What operators make and poll themselves nobody performs.
  const common: ExploreOptions = { seed, steps, unperformed: false, schedules: Math.ceil(Math.min(schedules, most) / 2) }
  const judged = async (run: () => Promise<unknown>): Promise<void> => {
    const loud = onUnpaced(() => undefined) // laws have foreign sources on purpose
    try {
      await run()
    } catch (error) {
      throw error instanceof ScheduleError ? new LawError(name, meaning, error) : error
    } finally {
      loud()
    }
  }
  return {
    name,
    meaning,
    check: () =>
      judged(async () => {
        await explore(program, { ...common, strategy: 'random' })
        await explore(program, { ...common, strategy: 'pct' })
      }),
    replay: (token) => judged(() => replay(token, program, common)),
  }
}
