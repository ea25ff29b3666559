/**
 * Channel programs as an arbitrary. The files beside this file: the program as data, its run, its history, the model
 * that judges the history.
 */
import { Arbitrary, Stream, toStringMethod, Value, type Random } from 'fast-check'
import { checkFunction, mistyped } from '../../../runtime/internal.js'
import type { MakeChannel } from '../../laws/index.js'
import { textOfHistory, type ChannelHistory } from './history.js'
import { isPossible } from './model.js'
import { ChannelRun } from './run.js'
import { renumbered, textOfPlan, type ChannelCase, type ChannelPlan, type ChannelStep, type ChannelVerb } from './plan.js'
import { checkCounts, checkFlags, checkOptions, checkSome } from '../options.js'
import { simplerPrograms } from './simpler.js'

/** Options of `channelProgram`. */
export interface ChannelProgramOptions {
  /** The most channels; default 2. */
  readonly channels?: number
  /** The most goroutines; default 3. */
  readonly goroutines?: number
  /** The most steps of each goroutine; default 4. */
  readonly steps?: number
  /** The highest capacity; default 2. */
  readonly capacity?: number
  /** The kinds of steps; default all. */
  readonly verbs?: readonly ChannelVerb[]
  /**
   * Whether goroutines that are blocked forever stay blocked, which is a deadlock. Default false: as soon as no
   * goroutine can continue, the blocked ones are canceled, so every program ends, and the history names them.
   */
  readonly deadlocks?: boolean
}

/** A small program of goroutines that use channels. Prints as the text of the program. */
export interface ChannelProgram extends ChannelPlan {
  /**
   * The program, for `schedule.run(program.run)` and `explore(program.run)`; returns the history of the run. Needs no
   * `this`. Throws an Error outside of a schedule, since only a schedule knows when no goroutine can continue.
   */
  readonly run: () => Generator<never, ChannelHistory>
  /**
   * The same program over channels of your own; `make(capacity)` is called for each channel. They must use the time of
   * the run: `sleep`, not `setTimeout`.
   */
  on(make: MakeChannel): () => Generator<never, ChannelHistory>
  /**
   * Throws an Error with the history where Go's channels could not have produced it: no order of the events among the
   * goroutines explains them, or a goroutine is blocked that could continue.
   */
  check(history: ChannelHistory): void
}

class DrawnProgram implements ChannelProgram {
  constructor(
    readonly channels: readonly number[],
    readonly goroutines: readonly (readonly ChannelStep[])[],
    private readonly _deadlocks: boolean,
  ) {}

  readonly run = this._over(null)

  on(make: MakeChannel): () => Generator<never, ChannelHistory> {
    checkFunction('program.on(make)', make)
    return this._over(make)
  }

  check(history: ChannelHistory): void {
    const given: Partial<ChannelHistory> | null | undefined = history // from JavaScript it may be anything
    const { events, blocked } = given ?? {}
    if (!Array.isArray(events) || !Array.isArray(blocked)) throw mistyped('program.check(history)', 'the history of a run', history)
    if (!isPossible(this, history))
      throw new Error(`program.check(history): channels cannot produce this history:\n${textOfHistory(this, history)}`)
  }

  toString(): string {
    return textOfPlan(this)
  }

  [toStringMethod](): string {
    return this.toString()
  }

  private _over(make: MakeChannel | null): () => Generator<never, ChannelHistory> {
    const program = this
    return function* channelProgram() {
      return yield* new ChannelRun(program, make).run(program._deadlocks)
    }
  }
}

/** The weight of each kind of step in a draw. */
const weights: Readonly<Record<ChannelVerb, number>> = {
  receive: 5,
  send: 5,
  close: 2,
  tryReceive: 2,
  trySend: 2,
  select: 4,
  trySelect: 2,
  range: 2,
  sleep: 1,
}
const allVerbs = Object.keys(weights) as readonly ChannelVerb[] // the record lists each verb

const MOST_CASES = 3
const LONGEST_SLEEP = 3

/**
 * Programs over channels: sends, receives, try forms, closes, selects, ranges, sleeps. Run a program under a schedule,
 * and check its history. Over channels of your own, by `program.on(make)`, that is a test of these channels. Shrinks to
 * fewer goroutines, fewer and plainer steps, fewer channels, lower capacities.
 *
 * Throws TypeError or RangeError for bad options.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * const asGo = fc.asyncProperty(channelProgram(), schedule(), async (program, s) => {
 *   program.check(await s.run(program.run))
 * })
 * await fc.assert(asGo)
 * ```
 */
export function channelProgram(options: ChannelProgramOptions = {}): Arbitrary<ChannelProgram> {
  checkOptions('channelProgram(options)', options, ['channels', 'goroutines', 'steps', 'capacity', 'verbs', 'deadlocks'])
  const { channels = 2, goroutines = 3, steps = 4, capacity = 2, verbs = allVerbs, deadlocks = false } = options
  checkCounts('channelProgram', 1, { channels, goroutines, steps })
  checkCounts('channelProgram', 0, { capacity })
  checkSome('channelProgram({ verbs })', allVerbs, verbs)
  checkFlags('channelProgram', { deadlocks })
  return new ChannelPrograms({ channels, goroutines, steps, capacity, verbs, deadlocks })
}

class ChannelPrograms extends Arbitrary<ChannelProgram> {
  private readonly _verbs: readonly ChannelVerb[]

  constructor(private readonly _options: Required<ChannelProgramOptions>) {
    super()
    this._verbs = allVerbs
      .filter((verb) => _options.verbs.includes(verb))
      .flatMap((verb) => new Array<ChannelVerb>(weights[verb]).fill(verb))
  }

  generate(random: Random): Value<ChannelProgram> {
    const { channels, goroutines, steps, capacity } = this._options
    const some = <T>(most: number, one: () => T): T[] => Array.from({ length: random.nextInt(1, most) }, one)
    const capacities = some(channels, () => random.nextInt(0, capacity))
    const bodies = some(goroutines, () => some(steps, () => this._step(random, capacities.length)))
    return this._valueOf({ channels: capacities, goroutines: renumbered(bodies) })
  }

  canShrinkWithoutContext(value: unknown): value is ChannelProgram {
    return value instanceof DrawnProgram
  }

  shrink(program: ChannelProgram): Stream<Value<ChannelProgram>> {
    return new Stream(this._simplerThan(program))
  }

  private *_simplerThan(program: ChannelProgram): Generator<Value<ChannelProgram>, void> {
    for (const plan of simplerPrograms(program, this._options)) yield this._valueOf(plan)
  }

  private _valueOf({ channels, goroutines }: ChannelPlan): Value<ChannelProgram> {
    return new Value<ChannelProgram>(new DrawnProgram(channels, goroutines, this._options.deadlocks), undefined)
  }

  /** A step whose values are numbered later. */
  private _step(random: Random, channels: number): ChannelStep {
    const verb = this._verbs[random.nextInt(0, this._verbs.length - 1)]
    const channel = random.nextInt(0, channels - 1)
    switch (verb) {
      case 'send':
      case 'trySend':
        return { do: verb, channel, value: 0 }
      case 'receive':
      case 'tryReceive':
      case 'close':
      case 'range':
        return { do: verb, channel }
      case 'select':
      case 'trySelect':
        return { do: verb, cases: Array.from({ length: random.nextInt(1, MOST_CASES) }, () => caseOf(random, channels)) }
      case 'sleep':
        return { do: verb, ms: random.nextInt(1, LONGEST_SLEEP) }
    }
  }
}

function caseOf(random: Random, channels: number): ChannelCase {
  const channel = random.nextInt(0, channels - 1)
  return random.nextInt(0, 1) === 0 ? { do: 'receive', channel } : { do: 'send', channel, value: 0 }
}
