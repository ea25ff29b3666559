/**
 * Confirms a race: runs the program with the two accesses in the other order, and compares how the runs end.
 *
 *     the schedule of the race up to a decision ── the goroutine of the first access is held ── the second access ── goes on
 *
 * The decisions are tried from the last to the first, so the other run differs as late as possible. A goroutine that is
 * held continues where no other can, and after `MOST_HELD` decisions.
 */
import type { Observed } from '../../runtime/index.js'
import { queue } from '../../runtime/internal.js'
import type { RaceError } from '../race/index.js'
import type { Finding } from './findings.js'
import type { ChoiceKind, Choices, Picker } from './picker.js'
import { picksOf } from './picks.js'
import type { Outcome, ScheduledRunner } from './scheduled-run.js'
import { toToken } from './token.js'
import { nameOf } from './trace.js'
import type { Program } from './trial.js'

/** How the program ends where the accesses of a race come in the other order. */
export interface RaceConfirmation {
  /**
   * `fails`: that run fails; `differs`: the program returns another result; `same`: all is the same, so the race may be
   * harmless; `unknown`: no schedule was found in which they come in the other order.
   */
  readonly outcome: 'fails' | 'differs' | 'same' | 'unknown'
  /** The other schedule, for `replay`; null where none was found. */
  readonly token: string | null
}

/** Runs the program without looking for races, and calls the function at each access. */
type Run = (picker: Picker, onAccess: (place: object, writes: boolean) => void) => Promise<Outcome>

/** Runs of a program in which races are not looked for. */
export function unjudged(runner: ScheduledRunner, program: Program): Run {
  return async (picker, onAccess) => {
    runner.races.unjudged = onAccess
    try {
      return await runner.run(program, picker, null)
    } finally {
      runner.races.unjudged = null
    }
  }
}

interface Named {
  readonly name: string
}

/** Runs for one race. */
const MOST_RUNS = 200
/** Decisions at which a goroutine is held. */
const MOST_HELD = 1_000

/** The finding of a race with its confirmation, which the message ends with. */
export async function withConfirmation(finding: Finding, race: RaceError, choices: Choices, run: Run): Promise<Finding> {
  const { confirmation, text } = await confirm(race, choices, run)
  return { ...finding, confirmation, message: `${finding.message}\n  ${text}` }
}

async function confirm(race: RaceError, choices: Choices, run: Run): Promise<{ confirmation: RaceConfirmation; text: string }> {
  const [first, second] = race.accesses.slice(-2)
  const base = await run(new Holding(choices, Infinity, ''), () => {})
  if (base.finding !== null) return failing(base, base.finding, 'under this schedule')
  let same: Outcome | null = null
  for (let from = choices.length, runs = 0; second !== undefined && from >= 0 && runs < MOST_RUNS; from--, runs++) {
    const holding = new Holding(choices, from, first.goroutine)
    const outcome = await run(holding, (place, writes) => {
      if ((place as Named).name !== race.place) return // the engine reports its places
      holding.accessed(second.goroutine, writes === (second.did === 'write'))
    })
    const { finding } = outcome
    if (finding !== null && finding.kind !== 'step-limit') return failing(outcome, finding, 'in the other order')
    if (finding !== null || !holding.isOver) continue
    if (textOf(outcome.value) !== textOf(base.value)) return differing(outcome, base)
    same ??= outcome
  }
  if (same === null)
    return {
      confirmation: { outcome: 'unknown', token: null },
      text: 'Not confirmed: no schedule was found in which they come in the other order.',
    }
  const token = tokenOf(same)
  return {
    confirmation: { outcome: 'same', token },
    text: `In the other order the run ends the same (${token}): the race may be harmless.`,
  }
}

function failing(outcome: Outcome, { kind, message }: Finding, when: string): { confirmation: RaceConfirmation; text: string } {
  const token = tokenOf(outcome)
  return { confirmation: { outcome: 'fails', token }, text: `Confirmed: ${when} the run fails (${token}): ${kind}: ${message}` }
}

function differing(outcome: Outcome, base: Outcome): { confirmation: RaceConfirmation; text: string } {
  const token = tokenOf(outcome)
  const text = `Confirmed: the result is ${textOf(base.value)}, and ${textOf(outcome.value)} in the other order (${token}).`
  return { confirmation: { outcome: 'differs', token }, text }
}

function tokenOf({ choices }: Outcome): string {
  return toToken(picksOf(choices).switches)
}

/** Values are compared by their text. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}

/** Repeats the first decisions, and from then on holds a goroutine until another has accessed a place. */
class Holding implements Picker {
  /** The other access has come first. */
  isOver = false
  private _decisions = 0
  private _isFirstLost = false

  constructor(
    private readonly _choices: Choices,
    private readonly _from: number,
    private readonly _held: string,
  ) {}

  pick(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number {
    const at = this._decisions++
    if (at < this._from) return Math.min(this._choices[at] ?? 0, options - 1)
    if (candidates === null || (kind !== 'next' && kind !== 'switch') || this.isOver || this._isFirstLost) return 0
    if (at - this._from > MOST_HELD) return 0
    return Math.max(
      0,
      candidates.findIndex((one) => nameOf(one as Observed) !== this._held), // goroutines, or the time
    )
  }

  /** A goroutine accesses the place in the way of the second access, or in another. */
  accessed(second: string, isThatWay: boolean): void {
    if (this._decisions < this._from || this.isOver || this._isFirstLost || queue.running === null) return
    const name = nameOf(queue.running as Observed) // the queue runs goroutines
    if (name === this._held) this._isFirstLost = true
    else if (name === second && isThatWay) this.isOver = true
  }
}
