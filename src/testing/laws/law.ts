/** A law as data, and as a check that any test runner can run. */
import { readable } from '../../runtime/internal.js'
import { onUnpaced } from '../../operators/index.js'
import { explore, replay, ScheduleError, type ExploreOptions, type ReplayOptions } from '../explore/explore.js'
import type { Finding } from '../explore/findings.js'
import type { Trial } from '../explore/trial.js'
import type { Event } from '../explore/trace.js'

/** A law for subjects of the same kind. */
export interface LawRecord<S> {
  readonly name: string
  /** A sentence; a function where the sentence depends on the subject. */
  readonly meaning: string | ((subject: S) => string)
  /** Whether the law holds for the subject at all; default: for every subject. */
  readonly appliesTo?: (subject: S) => boolean
  /** Whether a run has many items. Their number is tested then, not their order, so few schedules are enough. */
  readonly isLong?: boolean
  /** When timers fire; default `any-time`. */
  readonly timers?: ReplayOptions['timers']
  /** Steps after which a run counts as endless; default that of `explore`. */
  readonly steps?: number
  /** Throws where the law does not hold. */
  readonly program: (subject: S, trial: Trial) => Generator<never, void>
}

/** A fact that holds for every channel, operator, source or sink, as a check for any test runner. */
export interface Law {
  readonly name: string
  /** The law as a sentence. */
  readonly meaning: string
  /**
   * Resolves where the law holds under all schedules tried; rejects with LawError. One check at a time, as explorations
   * are.
   */
  check(): Promise<void>
  /**
   * Runs the schedule of a LawError. Rejects with the error again, or resolves when the law holds under that schedule.
   */
  replay(token: string): Promise<void>
}

/** Options of every suite of laws. */
export interface LawOptions {
  /** Schedules to try for each law, half of them `random` and half `pct`; default 200. */
  readonly schedules?: number
  /** The same seed gives the same schedules; default 1. */
  readonly seed?: number
  /** Items of a long run (`firehose`); default 3000. */
  readonly many?: number
}

/** A law that is broken: its name, the finding, the schedule, and the events of the run. */
export class LawError extends Error {
  override readonly name = 'LawError'
  readonly finding: Finding
  /** The schedule, for `law.replay(token)`. */
  readonly token: string
  readonly seed: number
  readonly events: readonly Event[]

  constructor(
    readonly law: string,
    meaning: string,
    { finding, token, seed, events, message }: Pick<ScheduleError, 'finding' | 'token' | 'seed' | 'events' | 'message'>,
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

/** Schedules and steps of a long run. */
const FEW_SCHEDULES = 4
const MANY_STEPS = 1_000_000

/** The laws of the records that apply to the subject. */
export function lawsOf<S>(records: readonly LawRecord<S>[], subject: S, options: LawOptions): readonly Law[] {
  return records.filter(({ appliesTo }) => appliesTo?.(subject) ?? true).map((record) => lawOf(record, subject, options))
}

function lawOf<S>(record: LawRecord<S>, subject: S, { schedules = 200, seed = 1 }: LawOptions): Law {
  const { name, isLong = false, timers, steps = isLong ? MANY_STEPS : undefined } = record
  const meaning = typeof record.meaning === 'string' ? record.meaning : record.meaning(subject)
  const program = function* law(trial: Trial): Generator<never, void> {
    yield* record.program(subject, trial)
  }
  const tried = isLong ? Math.min(schedules, FEW_SCHEDULES) : schedules
  // Stages poll operations of their own, which are never performed.
  const ofRun: ReplayOptions = { unperformed: false, ...(steps !== undefined && { steps }), ...(timers !== undefined && { timers }) }
  const shared: ExploreOptions = { ...ofRun, seed, schedules: Math.ceil(tried / 2) }
  const judged = async (run: () => Promise<unknown>): Promise<void> => {
    const restore = onUnpaced(() => undefined) // laws use foreign sources on purpose
    try {
      await run()
    } catch (error) {
      throw error instanceof ScheduleError ? new LawError(name, meaning, error) : error
    } finally {
      restore()
    }
  }
  return {
    name,
    meaning,
    check: () =>
      judged(async () => {
        await explore(program, { ...shared, strategy: 'random' })
        await explore(program, { ...shared, strategy: 'pct' })
      }),
    replay: (token) => judged(() => replay(token, program, ofRun)),
  }
}

/** Runs a program that no schedule drives, once. A throw is a LawError without a schedule: its token is empty. */
export async function judge(
  { name, meaning }: { readonly name: string; readonly meaning: string },
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run()
  } catch (error) {
    const message = readable(() => (error instanceof Error ? error.message : String(error)))
    const finding: Finding = { kind: 'failed', formerKind: 'failed', error, waiting: [], message, dump: null }
    throw new LawError(name, meaning, { finding, token: '', seed: 0, events: [], message })
  }
}
