/**
 * Members that run at the same time until an outcome decides: `all`, `any`, `race`, `hedge`, with functions, operations, jobs and
 * contests among their members. The naive specification reads the ends of the members in the order of time.
 */
import type { Context, Either, Job, Member } from 'millrace'
import { noting, passed, performJob } from './ways.js'
import { Bodies, type Boom, type MakeInstrument, type Steps, type World } from './world.js'

type Kind = 'all' | 'record' | 'any' | 'race' | 'hedge'

/** The end of a member, or of a contest: with a value, or with a throw. */
type End = Either<unknown, unknown>

/** Ms between the starts of a hedge. */
const AFTER = 2

interface Entry {
  readonly i: number
  readonly end: End
  /** Noted by the `map` of an operation: another goroutine may run before the result is delivered. */
  readonly isEarly: boolean
}

/** One performance of a contest: what its members did, in order of time. */
class Play {
  private readonly ends: Entry[] = []
  private readonly contexts: Context[] = []
  private readonly made: number
  private isOver = false
  members: Member<unknown>[] = []

  constructor(
    private readonly w: World,
    readonly kind: Kind,
    private readonly bodies: Bodies,
  ) {
    this.made = w.now()
  }

  /** A function with this body. */
  member(i: number, body: () => Steps<unknown>): Member<unknown> {
    const begins = this.begins.bind(this, i)
    const ended = this.ended.bind(this, i)
    return function* (ctx: Context): Steps<unknown> {
      begins(ctx)
      let value: unknown
      try {
        value = yield* body()
      } catch (cause) {
        return ended({ _tag: 'Left', left: cause })
      }
      return ended({ _tag: 'Right', right: value })
    }
  }

  begins(i: number, ctx: Context): void {
    const { w, kind } = this
    w.check(!this.isOver, `${kind}: member ${i} starts after the end`)
    const mayHaveEnded = w.ctx.err()._tag === 'Some' || this.decisions().length > 0
    w.check(ctx.err()._tag === 'None' || mayHaveEnded, `${kind}: the context of ${i} has ended`)
    this.contexts.push(ctx)
    const waits = kind === 'hedge' ? i - failuresIn(this.ends).length : 0 // each failure makes the next start at once
    w.check(w.now() >= this.made + waits * AFTER, `hedge: member ${i} starts after ${w.now() - this.made} ms`)
  }

  /** Notes the end of a member, and passes it on. */
  ended(i: number, end: End, isEarly = false): unknown {
    this.w.check(!this.isOver, `${this.kind}: member ${i} ends after the end`)
    this.ends.push({ i, end, isEarly })
    const isDecided = this.ends.some((entry) => entry.end._tag === 'Right' && !entry.isEarly)
    const isKept = !isDecided && (this.kind === 'any' || this.kind === 'hedge') // for the case that all fail
    if (end._tag === 'Left' && isKept) this.w.see(end.left)
    return passed(end)
  }

  /** The performer goes on: nothing runs any more. */
  left = (): void => {
    const { w, kind, bodies } = this
    this.isOver = true
    w.check(bodies.running === 0, `${kind}: ${bodies.running} members run after the end`)
    w.check(this.contexts.every((ctx) => ctx.err()._tag === 'Some'), `${kind}: the context of a member has not ended`) // prettier-ignore
  }

  /** The contest; its end is checked, and passed on. */
  checked(job: Job<unknown>): Job<unknown> {
    return noting(job, (end) => {
      const { w, kind } = this
      const decisions = this.decisions()
      if (end._tag === 'Right' || isOfMembers(end.left))
        w.check(decisions.some((decision) => isSame(end, decision)), `${kind}: ends with ${text(end)}, not ${decisions.map(text).join(' or ')}`) // prettier-ignore
      return passed(end)
    })
  }

  /** The ends that the specification allows, as far as the members have ended. */
  private decisions(): End[] {
    const { kind, ends, members } = this
    const [failures, successes] = [failuresIn(ends), ends.filter(({ end }) => end._tag === 'Right')]
    const isOver = ends.length === members.length
    switch (kind) {
      case 'race':
        return firstOf(ends)
      case 'all':
      case 'record':
        // The end of the context alone is no failure of a member.
        if (failures.length > 0)
          return [...firstOf(failures), ...firstOf(failures.filter(({ end }) => end._tag === 'Left' && end.left !== this.w.stop))]
        return isOver ? [{ _tag: 'Right', right: this.results() }] : []
      case 'any':
      case 'hedge':
        if (successes.length > 0) return firstOf(successes)
        return isOver ? [{ _tag: 'Left', left: new AggregateError(inOrder(failures).map(({ left }) => left)) }] : []
    }
  }

  private results(): unknown {
    const values = inOrder(this.ends).map(({ right }) => right)
    return this.kind === 'all' ? values : Object.fromEntries(values.map((value, i) => [`m${i}`, value]))
  }
}

const failuresIn = (entries: readonly Entry[]): Entry[] => entries.filter(({ end }) => end._tag === 'Left')

/** The first, or one after entries that may be delivered late. */
function firstOf(entries: readonly Entry[]): End[] {
  const certain = entries.findIndex(({ isEarly }) => !isEarly)
  return entries.slice(0, certain < 0 ? entries.length : certain + 1).map(({ end }) => end)
}

/** The ends in the order of the members; all are results, or all are failures. */
function inOrder(entries: readonly Entry[]): { readonly left?: unknown; readonly right?: unknown }[] {
  return [...entries].sort((a, b) => a.i - b.i).map(({ end }) => end)
}

function text(end: End): string {
  return end._tag === 'Left' ? String(end.left) : JSON.stringify(end.right)
}

/** Failures of the members, and not of the way in which the job was performed. */
const isOfMembers = (error: unknown): boolean => error instanceof AggregateError || (error as Error).name === 'Boom'

function isSame(end: End, decision: End): boolean {
  if (end._tag === 'Right' || decision._tag === 'Right') return end._tag === decision._tag && text(end) === text(decision)
  const [left, expected] = [end.left, decision.left]
  if (left === expected) return true
  if (!(left instanceof AggregateError && expected instanceof AggregateError)) return false
  return left.errors.length === expected.errors.length && left.errors.every((each, i) => each === expected.errors[i])
}

/** A contest whose first member decides while others wait for ever, or one of any members. */
function playOf(w: World, kind: Kind, bodies: Bodies, depth: number): { readonly play: Play; readonly job: Job<unknown> } {
  const play = new Play(w, kind, bodies)
  const n = 1 + w.choose(3)
  const isQuiet = n > 1 && w.choose(4) === 3
  for (let i = 0; i < n; i++) {
    if (!isQuiet) play.members.push(memberOf(w, play, bodies, i, depth))
    else if (i > 0) play.members.push(w.choose(2) === 0 ? w.lib.never() : play.member(i, () => quiet(w)))
    else {
      const boom = kind === 'all' || kind === 'record' ? w.sureBoom() : null
      play.members.push(play.member(0, () => bodies.body(0, boom)))
    }
  }
  return { play, job: jobOf(w, kind, play.members) }
}

function* quiet(w: World): Steps<unknown> {
  return yield* w.lib.never()
}

/** A member: a generator function, a function that returns an operation, an operation, a job or another contest. */
function memberOf(w: World, play: Play, bodies: Bodies, i: number, depth: number): Member<unknown> {
  const boom: Boom | null = w.boom()
  const noted = (job: Job<unknown>): Job<unknown> => noting(job, (end) => play.ended(i, end))
  switch (w.choose(depth > 0 ? 6 : 5)) {
    case 1:
      return w.lib.sleep(w.choose(3)).map(() => play.ended(i, endOf(w, i, boom), true))
    case 2:
      return noted(
        w.lib.withRetry(
          () => null,
          () => bodies.body(i, boom),
        ),
      )
    case 3:
      return noted(w.lib.mapConcurrent([i], 1, () => bodies.body(i, boom)).map(([value]) => value))
    case 4:
      return play.member(i, () => bodies.body(i, boom))
    case 5: {
      const { play: inner, job } = playOf(w, KINDS[w.choose(KINDS.length)], bodies, depth - 1)
      return noted(inner.checked(job))
    }
    default:
      return (ctx: Context) => {
        play.begins(i, ctx)
        return w.lib.gosched().map(() => play.ended(i, endOf(w, i, boom), true))
      }
  }
}

const KINDS: readonly Kind[] = ['all', 'record', 'any', 'race', 'hedge']

/** The end of an operation. */
function endOf(w: World, i: number, boom: Boom | null): End {
  if (boom === null) return { _tag: 'Right', right: i }
  w.throwing(boom)
  return { _tag: 'Left', left: boom }
}

function jobOf(w: World, kind: Kind, members: Member<unknown>[]): Job<unknown> {
  const { lib, ctx } = w
  const first = w.choose(3)
  const options = first === 1 ? { ctx } : {}
  switch (kind) {
    case 'all':
      return first === 2 ? lib.all(ctx, members) : lib.all(members, options)
    case 'record': {
      const named = Object.fromEntries(members.map((member, i) => [`m${i}`, member]))
      return first === 2 ? lib.all(ctx, named) : lib.all(named, options)
    }
    case 'any':
      return first === 2 ? lib.any(ctx, members) : lib.any(members, options)
    case 'race':
      return first === 2 ? lib.race(ctx, members) : lib.race(members, options)
    case 'hedge':
      return first === 2 ? lib.hedge(ctx, AFTER, members) : lib.hedge(AFTER, members, options)
  }
}

const contest =
  (...kinds: readonly Kind[]): MakeInstrument =>
  (w) => ({
    *use() {
      const { play, job } = playOf(w, kinds[w.choose(kinds.length)], new Bodies(w), 1)
      yield* performJob(w, play.checked(job), play.left)
    },
  })

export const all = contest('all', 'record')
export const any = contest('any')
export const race = contest('race')
export const hedge = contest('hedge')
