/**
 * The world of a random program: the library (or a copy with a fault in it), the choices of the schedule, and the books that are kept
 * while the program runs: violations, errors thrown, seen and reported late, bodies under way, the order of grants.
 */
import type { CancelContext, Goroutine, Routine } from 'millrace'
import type * as testing from 'millrace/testing'
import type { Trial } from 'millrace/testing'
import type { Library } from '../../model/library.js'

export type ExploringLibrary = Library & Pick<typeof testing, 'explore' | 'replay'>
export type Steps<T = void> = Generator<never, T>

/** A part of the toolkit, with the checks of its specification. */
export interface Instrument {
  /** One random use by an actor. It throws only booms, and ends of the way in which it was performed. */
  use(): Steps
  /** Lets go on those who wait for others; called from time to time while actors are alive. */
  nudge?(): void
  /** Checks the instrument when no actor is left. */
  atRest?(): Routine<unknown>
}
export type MakeInstrument = (w: World) => Instrument

/** An error that a body of a program throws. */
export class Boom extends Error {
  override readonly name = 'Boom'
  isThrown = false
  isSeen = false
  late = 0

  /** Of a shared job: each caller has the failure, and may be given up. */
  constructor(
    message: string,
    readonly isShared: boolean,
  ) {
    super(message)
  }
}

/** The bodies that a job, a group or an owner runs. */
export class Bodies {
  started = 0
  running = 0
  most = 0

  constructor(private readonly w: World) {}

  /** A body: pauses, results in the value or throws, and takes its time to clean up. */
  *body<T>(result: T, error: Boom | null = null): Steps<T> {
    const { w } = this
    this.started++
    this.running++
    this.most = Math.max(this.most, this.running)
    let isThrown = false
    try {
      yield* w.pause()
      if (error !== null) {
        isThrown = true
        throw error
      }
      return result
    } finally {
      try {
        for (let turns = w.choose(3); turns > 0; turns--) yield* w.lib.gosched()
        if (isThrown) w.throwing(error as Boom) // a cancel that cuts the clean-up short drops the error: the language does
      } finally {
        this.running--
      }
    }
  }
}

/** First in, first out: those who are granted are granted in the order in which they asked. */
export class Order {
  private next = 0
  private latest = -1

  constructor(
    private readonly w: World,
    private readonly of: string,
  ) {}

  ask(): number {
    return this.next++
  }
  granted(ticket: number): void {
    this.w.check(ticket > this.latest, `${this.of}: number ${ticket} is granted after number ${this.latest}`)
    this.latest = Math.max(this.latest, ticket)
  }
}

export class World {
  /** The first is what the program fails with. */
  readonly violations: string[] = []
  readonly started: Goroutine<unknown>[] = []
  /** Canceled at a random step in some programs. */
  readonly ctx: CancelContext
  readonly stop = new Error('stop')
  private readonly booms: Boom[] = []
  private readonly instruments: Instrument[] = []
  readonly isInner: boolean = false

  constructor(
    readonly lib: ExploringLibrary,
    private readonly trial: Trial,
  ) {
    this.ctx = lib.withCancel(lib.background)
  }

  choose(n: number): number {
    return this.trial.choose(n)
  }
  now(): number {
    return this.trial.now()
  }
  check(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation)
  }

  add(instrument: Instrument): void {
    this.instruments.push(instrument)
  }
  nudge(): void {
    for (const one of this.instruments) one.nudge?.()
  }
  *atRest(): Steps {
    for (const one of this.instruments) if (one.atRest !== undefined) yield* one.atRest()
  }

  /** Some time inside a use: nothing, a turn, a sleep, or a use of the second instrument. */
  *pause(): Steps {
    switch (this.choose(!this.isInner && this.instruments.length > 1 ? 4 : 3)) {
      case 1:
        return yield* this.lib.gosched()
      case 2:
        return yield* this.lib.sleep(1)
      case 3:
        return yield* this.act(1)
    }
  }

  /** The world of the second instrument: the same, but no use begins inside its uses. So locks are taken in one order. */
  inner(): World {
    return Object.create(this, { isInner: { value: true } }) as World // a view of this world
  }

  /** A use of an instrument, and the account of its error. */
  *act(which: number): Steps {
    try {
      yield* (this.instruments[which] ?? this.instruments[0]).use()
    } catch (error) {
      this.see(error)
    }
  }

  /** One program in three has bodies that throw. */
  boom(isShared = false): Boom | null {
    return this.choose(3) === 2 ? this.sureBoom(isShared) : null
  }
  sureBoom(isShared = false): Boom {
    return new Boom(`boom ${this.booms.length}`, isShared)
  }
  throwing(boom: Boom): void {
    boom.isThrown = true
    if (!this.booms.includes(boom)) this.booms.push(boom)
  }
  see(error: unknown): void {
    if (error instanceof Boom) error.isSeen = true
    else if (error instanceof AggregateError) for (const each of error.errors) this.see(each)
    else this.check(error === this.stop || isEnd(error), `an actor receives ${String(error)}`)
  }
  late(error: unknown): void {
    if (error instanceof Boom) error.late++
    else if (error instanceof AggregateError)
      for (const each of error.errors.filter((one) => one !== this.stop && !isEnd(one))) this.late(each)
    else this.check(false, `late failure: ${String(error)}`)
  }

  /** The accounts of the errors: each was seen or reported late, and reported at most once. */
  closeAccounts(): void {
    for (const { error } of this.lib.takeCrashed().map(({ raw }) => ({ error: raw }))) this.check(false, `crash: ${String(error)}`)
    for (const { message, isThrown, isSeen, isShared, late } of this.booms) {
      this.check(!isThrown || isSeen || late > 0, `${message} is lost`)
      this.check(isShared || late < 2, `${message} is reported ${late} times`)
    }
  }

  /** Starts a goroutine that the program waits for at its end. */
  go<T>(name: string, body: () => Steps<T>): Goroutine<T> {
    const goroutine = this.lib.go.named(name, body)
    this.started.push(goroutine)
    return goroutine
  }
}

/** The names of errors that say that the way of performing has ended the use. */
const ENDS = ['CanceledError', 'DeadlineExceededError', 'Lost']
const isEnd = (error: unknown): boolean =>
  error instanceof Error && (ENDS.includes(error.name) || error.message.includes('would exceed context deadline'))
