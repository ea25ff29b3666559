/**
 * Random programs of `all`, `any`, `race`, `hedge` and `scope` under many schedules, also with a goroutine canceled at one of its
 * waits. Checked after each: the result is a result that the members can give; each generator that started has ended, clean-up
 * included, before the performer goes on; and the exploration itself finds crashes, leaks and deadlocks.
 */
import { all, any, background, chan, go, gosched, hedge, race, scope, sleep, uncancelable, type Job } from 'millrace'
import { explore, type Trial } from 'millrace/testing'
import { afterAll, expect, it } from 'vitest'
import { sampleOf } from '../support/portion.js'

type End = { readonly value: number } | { readonly error: Error }

/** The members of one run, and the generators among them that are under way. */
class Members {
  readonly ends: End[] = []
  readonly bodies: (() => Generator<never, number> | Promise<number>)[] = []
  underWay = 0

  constructor(
    private readonly run: Trial,
    count: number,
  ) {
    for (let i = 0; i < count; i++) this.bodies.push(this.member(i))
  }

  private member(i: number): () => Generator<never, number> | Promise<number> {
    const { run } = this
    const end: End = run.choose(3) === 0 ? { error: new Error(`failure of ${i}`) } : { value: i }
    const [waits, cleansUp, isAsync] = [run.choose(3), run.choose(2), run.choose(4) === 0]
    this.ends.push(end)
    const outcome = (): number => {
      if ('error' in end) throw end.error
      return end.value
    }
    if (isAsync)
      return async () => {
        for (let n = 0; n < waits; n++) await gosched()
        return outcome()
      }
    const members = this
    return function* () {
      members.underWay++
      try {
        for (let n = 0; n < waits; n++) yield* n === 1 ? sleep(1) : gosched()
        return outcome()
      } finally {
        if (cleansUp === 1) yield* uncancelable(sleep(1)) // a cancel may arrive while it runs
        members.underWay--
      }
    }
  }

  get errors(): Error[] {
    return this.ends.flatMap((end) => ('error' in end ? [end.error] : []))
  }
  get values(): number[] {
    return this.ends.flatMap((end) => ('value' in end ? [end.value] : []))
  }
}

/** Checks a result, or an error. */
interface Structure {
  readonly perform: (members: Members) => Job<unknown>
  readonly isRight: (result: unknown, members: Members) => boolean
  readonly isRightThrow: (error: unknown, members: Members) => boolean
}

const isOneOf = (list: readonly unknown[], value: unknown): boolean => list.includes(value)
const isAllErrors = (error: unknown, { errors, values }: Members): boolean =>
  values.length === 0 && error instanceof AggregateError && error.errors.every((each, i) => each === errors[i])

const structures: Record<string, Structure> = {
  all: {
    perform: ({ bodies }) => all(bodies),
    isRight: (result, { ends }) => JSON.stringify(result) === JSON.stringify(ends.map((end) => ('value' in end ? end.value : 'failed'))),
    isRightThrow: (error, { errors }) => isOneOf(errors, error),
  },
  any: {
    perform: ({ bodies }) => any(bodies),
    isRight: (result, { values }) => isOneOf(values, result),
    isRightThrow: isAllErrors,
  },
  race: {
    perform: ({ bodies }) => race(bodies),
    isRight: (result, { values }) => isOneOf(values, result),
    isRightThrow: (error, { errors }) => isOneOf(errors, error),
  },
  hedge: {
    perform: ({ bodies }) => hedge(1, bodies),
    isRight: (result, { values }) => isOneOf(values, result),
    isRightThrow: isAllErrors,
  },
  scope: {
    perform: ({ bodies }) =>
      scope(background, function* (s) {
        const handles = bodies.map((body) => s.go(body))
        return yield* handles[0].join()
      }),
    isRight: (result, { ends: [first] }) => 'value' in first && result === first.value,
    isRightThrow: (error, { errors }) => isOneOf(errors, error),
  },
}

function program({ perform, isRight, isRightThrow }: Structure) {
  return function* (run: Trial): Generator<never, void> {
    const members = new Members(run, 1 + run.choose(3))
    const ended = chan<string>(1)
    const performer = go.named('performer', function* () {
      try {
        const outcome = yield* perform(members).attempt()
        const isExpected = outcome._tag === 'Right' ? isRight(outcome.right, members) : isRightThrow(outcome.left, members)
        ended.trySend(isExpected ? 'ok' : `${JSON.stringify(outcome)} of ${JSON.stringify(members.ends)}`)
      } finally {
        if (members.underWay !== 0) throw new Error(`${members.underWay} generators are under way`) // eslint-disable-line no-unsafe-finally -- the check
      }
    })
    const end = yield* performer.join().attempt()
    if (end._tag === 'Left' && end.left instanceof Error && end.left.name !== 'CanceledError') throw end.left
    const result = ended.tryReceive()
    if (end._tag === 'Right' && (result._tag === 'Left' || result.right !== 'ok')) throw new Error(JSON.stringify(result))
  }
}

const SCHEDULES = sampleOf(5000)
const rows: string[] = []
afterAll(() => console.log(`schedules:\n${rows.join('\n')}`))

it.each(Object.keys(structures))('%s gives a right result and leaves nothing, under any schedule and cancel', async (name) => {
  let total = 0
  for (const cancel of [false, ({ name }: { name: string }) => name === 'performer'])
    for (const strategy of ['random', 'pct'] as const)
      total += (await explore(program(structures[name]), { strategy, schedules: SCHEDULES, cancel })).schedules
  rows.push(`${String(total).padStart(8)}  ${name}`)
  expect(total).toBe(4 * SCHEDULES)
})
