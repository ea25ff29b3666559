import fc from 'fast-check'
import {
  channelProgram,
  schedule,
  type ChannelHistory,
  type ChannelPlan,
  type ChannelProgram,
  type ChannelStep,
  type ChannelVerb,
} from 'millrace/fast-check'
import { go, sleep } from 'millrace'
import { explore, replay, ScheduleError } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { isPossible } from '../../src/testing/fast-check/channel-program/model.js'
import { textOfPlan, textOfStep } from '../../src/testing/fast-check/channel-program/plan.js'
import { simplerPrograms } from '../../src/testing/fast-check/channel-program/simpler.js'
import { typeErrors } from '../docs/type-check.js'
import { broken, whole } from './broken.js'

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)

const verbs: readonly ChannelVerb[] = ['receive', 'send', 'close', 'tryReceive', 'trySend', 'select', 'trySelect', 'range', 'sleep']

const stepsOf = ({ goroutines }: ChannelPlan): readonly ChannelStep[] => goroutines.flat()

/** The first counterexample of `isWell`, shrunk. */
function smallest(isWell: (program: ChannelProgram) => boolean, seed: number, options = {}): string {
  const { counterexample } = fc.check(fc.property(channelProgram(options), isWell), { seed, numRuns: 10_000 })
  return String(counterexample?.[0])
}

describe('a channel program', () => {
  const drawn = fc.sample(channelProgram(), { numRuns: 2_000, seed: 1 })

  it('has every kind of step, on every channel, of every capacity, in every goroutine', () => {
    for (const verb of verbs) {
      const found = drawn.flatMap(stepsOf).filter((step) => step.do === verb)
      expect(found.length, verb).toBeGreaterThan(100)
      if (verb !== 'sleep' && verb !== 'select' && verb !== 'trySelect')
        expect(new Set(found.map((step) => 'channel' in step && step.channel))).toEqual(new Set([0, 1]))
    }
    const cases = drawn.flatMap(stepsOf).flatMap((step) => ('cases' in step ? [step.cases] : []))
    expect(new Set(cases.map(({ length }) => length))).toEqual(new Set([1, 2, 3]))
    expect(new Set(cases.flat().map((one) => `${one.do} ${one.channel}`))).toEqual(new Set(['send 0', 'send 1', 'receive 0', 'receive 1']))
    expect(new Set(drawn.flatMap(({ channels }) => channels))).toEqual(new Set([0, 1, 2]))
    expect(new Set(drawn.map(({ channels }) => channels.length))).toEqual(new Set([1, 2]))
    expect(new Set(drawn.map(({ goroutines }) => goroutines.length))).toEqual(new Set([1, 2, 3]))
    expect(new Set(drawn.flatMap(({ goroutines }) => goroutines.map(({ length }) => length)))).toEqual(new Set([1, 2, 3, 4]))
  })

  it('is as large as the options allow, and no larger; nor is what it is shrunk to', () => {
    const options = { channels: 4, goroutines: 5, steps: 6, capacity: 7, verbs: ['send', 'range', 'trySelect'] as ChannelVerb[] }
    const isStep = (step: ChannelStep, plan: ChannelPlan): boolean =>
      options.verbs.includes(step.do) &&
      ('cases' in step ? step.cases : [step]).every((one) => !('channel' in one) || one.channel in plan.channels)
    const isWithin = (plan: ChannelPlan): boolean =>
      plan.channels.length <= 4 &&
      plan.goroutines.length <= 5 &&
      plan.goroutines.every(({ length }) => length >= 1 && length <= 6) &&
      plan.channels.every((capacity) => capacity >= 0 && capacity <= 7) &&
      stepsOf(plan).every((step) => isStep(step, plan))
    for (const program of fc.sample(channelProgram(options), { numRuns: 200, seed: 1 })) {
      const plans = [program, ...simplerPrograms(program, options)]
      expect(plans.filter((plan) => !isWithin(plan))).toEqual([])
    }
    expect(fc.sample(channelProgram(options), { numRuns: 500, seed: 1 }).some(({ channels }) => channels.length === 4)).toBe(true)
  })

  it('sends each value in one place only', () => {
    for (const program of drawn) {
      const sent = stepsOf(program).flatMap((step) =>
        ('cases' in step ? step.cases : [step]).flatMap((one) => ('value' in one ? [one.value] : [])),
      )
      expect(sent).toEqual(sent.map((_, i) => i + 1))
    }
  })

  it('prints as the text of a program', () => {
    const plan: ChannelPlan = {
      channels: [0, 2],
      goroutines: [
        [
          { do: 'send', channel: 0, value: 1 },
          { do: 'receive', channel: 1 },
          { do: 'trySend', channel: 1, value: 2 },
          { do: 'tryReceive', channel: 0 },
          { do: 'close', channel: 1 },
        ],
        [
          { do: 'select', cases: [{ do: 'send', channel: 1, value: 3 }, { do: 'receive', channel: 0 }] },
          { do: 'trySelect', cases: [{ do: 'receive', channel: 1 }] },
          { do: 'sleep', ms: 2 },
          { do: 'range', channel: 1 },
        ],
      ],
    } // prettier-ignore
    expect(textOfPlan(plan)).toBe(
      `
const a = chan<number>(0)
const b = chan<number>(2)
go(function* g1() {
  yield* a.send(1)
  yield* b.receive()
  b.trySend(2)
  a.tryReceive()
  b.close()
})
go(function* g2() {
  yield* select([b.send(3), a.receive()])
  trySelect([b.receive()])
  yield* sleep(2)
  for (const it = range(b); yield* it.next();) {}
})`.trim(),
    )
    const { counterexample } = fc.check(
      fc.property(channelProgram(), () => false),
      { seed: 1 },
    )
    expect(fc.stringify(counterexample)).toBe('[const a = chan<number>(0)\ngo(function* g1() {\n  yield* a.receive()\n})]')
  })

  it('prints as a program that has no type errors', () => {
    const imports = `import { chan, go, range, select, sleep, trySelect } from 'millrace'`
    const sources = drawn.slice(0, 50).map((program, i) => ({ place: `program ${i}`, code: `${imports}\n${String(program)}` }))
    expect(typeErrors(sources)).toEqual([])
  })

  it('is shrunk to fewer goroutines, fewer and plainer steps, fewer channels, lower capacities', () => {
    for (const seed of seeds) {
      expect(smallest((program) => !stepsOf(program).some((step) => step.do === 'range'), seed)).toBe(
        'const a = chan<number>(0)\ngo(function* g1() {\n  for (const it = range(a); yield* it.next();) {}\n})',
      )
      expect(smallest((program) => !stepsOf(program).some((step) => 'cases' in step && step.cases.length === 3), seed)).toMatch(
        /^const a = chan<number>\(0\)\ngo\(function\* g1\(\) \{\n {2}yield\* select\(\[a\.\w+\(\d?\), a\.\w+\(\d?\), a\.\w+\(\d?\)\]\)\n\}\)$/,
      )
      expect(smallest((program) => !program.channels.includes(2), seed)).toMatch(
        /^const a = chan<number>\(2\)\ngo\(function\* g1\(\) \{\n.*\n\}\)$/,
      )
      expect(smallest((program) => program.goroutines.length < 3, seed).split('\n')).toHaveLength(10)
    }
  })
})

describe('a run of a channel program', () => {
  it('comes to every result of every kind of step', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(channelProgram(), schedule(), async (program, s) => {
        const { events, blocked } = await s.run(program.run)
        for (const { goroutine, step, result } of events) seen.add(`${program.goroutines[goroutine][step].do}: ${result}`)
        for (const { goroutine, step } of blocked) seen.add(`${program.goroutines[goroutine][step].do}: blocked`)
      }),
      { numRuns: 2_000, seed: 1 },
    )
    expect([...seen].sort()).toEqual(
      [
        ...['send: sent', 'send: threw', 'send: blocked'],
        ...['receive: received', 'receive: none', 'receive: blocked'],
        ...['trySend: sent', 'trySend: threw', 'trySend: would block'],
        ...['tryReceive: received', 'tryReceive: none', 'tryReceive: would block'],
        ...['select: sent', 'select: received', 'select: none', 'select: threw', 'select: blocked'],
        ...['trySelect: sent', 'trySelect: received', 'trySelect: none', 'trySelect: threw', 'trySelect: would block'],
        ...['range: received', 'range: none', 'range: blocked'],
        ...['close: closed', 'close: threw', 'sleep: slept'],
      ].sort(),
    )
  })

  it('can be explained by plain channels, whatever the schedule', async () => {
    const options = { channels: 3, goroutines: 4, steps: 5 }
    for (const seed of [1, 2])
      await fc.assert(
        fc.asyncProperty(channelProgram(seed === 1 ? {} : options), schedule(), async (program, s) => {
          program.check(await s.run(program.run))
        }),
        { numRuns: 2_000, seed },
      )
  })

  it('can be explained over channels of the user as well', async () => {
    await fc.assert(
      fc.asyncProperty(channelProgram(), schedule(), async (program, s) => {
        program.check(await s.run(program.on(whole)))
      }),
      { numRuns: 500, seed: 1 },
    )
  })

  it('prints one line for each event', () => {
    const { counterexample } = fc.check(
      fc.property(channelProgram({ verbs: ['send', 'receive', 'select', 'close'] }), schedule(), (program, s) => {
        const { events, blocked } = s.runSync(program.run)
        return !(blocked.length > 0 && events.some((event) => event.case === 0) && events.some(({ result }) => result === 'threw'))
      }),
      { seed: 1, numRuns: 5_000 },
    )
    const [program, s] = counterexample ?? []
    if (program === undefined || s === undefined) throw new Error('none was found')
    const lines = String(s.runSync(program.run)).split('\n')
    expect(lines).toContainEqual(expect.stringMatching(/^g\d select\(\[.*\]\): case 0: (sent|none|received \d)$/))
    expect(lines).toContainEqual(expect.stringMatching(/^g\d .*: threw Error: (send on|close of) closed channel$/))
    expect(lines).toContainEqual(expect.stringMatching(/^g\d .*: blocked$/))
  })

  it('is explored, checked in it, exhaustively where it is small', async () => {
    const [program] = fc.sample(channelProgram({ goroutines: 2, steps: 2 }), { numRuns: 1, seed: 4 })
    const { isComplete } = await explore(
      function* () {
        program.check(yield* program.run())
      },
      { strategy: 'exhaustive', preemptions: 1, schedules: 10_000 },
    )
    expect(isComplete).toBe(true)
  })

  it('may be a part of a program of async functions', async () => {
    await fc.assert(
      fc.asyncProperty(channelProgram(), schedule(), async (program, s) => {
        const history = await s.run(async () => {
          await sleep(1)
          return await go(program.run).join()
        })
        program.check(history)
      }),
      { numRuns: 100, seed: 1 },
    )
  })

  it('is refused outside of a schedule, where nobody knows when it is over', async () => {
    const [program] = fc.sample(channelProgram(), 1)
    await expect(go(program.run).join()).rejects.toThrow(
      'program.run: the program must run under a schedule; use schedule.run(program.run) or explore(program.run)',
    )
  })

  it('with deadlocks, leaves those blocked who are, and is shrunk to one goroutine that receives', async () => {
    for (const seed of seeds) {
      const details = await fc.check(
        fc.asyncProperty(channelProgram({ deadlocks: true }), schedule(), async (program, s) => {
          await s.run(program.run)
        }),
        { seed },
      )
      expect(details.errorInstance).toBeInstanceOf(ScheduleError)
      expect((details.errorInstance as ScheduleError).finding.kind).toBe('deadlock')
      const [program, s] = details.counterexample ?? []
      expect(String(program)).toMatch(
        /^const a = chan<number>\(0\)\ngo\(function\* g1\(\) \{\n {2}yield\* a\.(receive\(\)|send\(1\))\n\}\)$/,
      )
      await expect(replay(s?.token ?? '', program?.run ?? (() => null))).rejects.toThrow('g1#2 [chan')
    }
  })
})

describe('a history that cannot be', () => {
  const send = (value: number): ChannelStep => ({ do: 'send', channel: 0, value })
  const receive: ChannelStep = { do: 'receive', channel: 0 }
  const close: ChannelStep = { do: 'close', channel: 0 }
  const sent = (step: number, goroutine = 0) => ({ goroutine, step, result: 'sent' }) as const
  const closed = (step: number, goroutine = 0) => ({ goroutine, step, result: 'closed' }) as const
  const got = (step: number, value: number, goroutine = 0) => ({ goroutine, step, result: 'received', value }) as const
  const none = (step: number, goroutine = 0) => ({ goroutine, step, result: 'none' }) as const
  const threw = (step: number, goroutine = 0) => ({ goroutine, step, result: 'threw' }) as const
  const wouldBlock = (step: number) => ({ goroutine: 0, step, result: 'would block' }) as const

  it.each<[string, number, ChannelStep[][], ChannelHistory]>([
    ['two receive one value', 1, [[send(1), receive], [receive]], { events: [sent(0), got(1, 1), got(0, 1, 1)], blocked: [] }],
    ['a value comes that was never sent', 1, [[send(1), receive]], { events: [sent(0), got(1, 2)], blocked: [] }],
    ['values change places', 2, [[send(1), send(2), receive]], { events: [sent(0), sent(1), got(2, 2)], blocked: [] }],
    ['more is held than the capacity', 1, [[send(1), send(2)]], { events: [sent(0), sent(1)], blocked: [] }],
    ['a send meets nobody', 0, [[send(1)]], { events: [sent(0)], blocked: [] }],
    ['a goroutine meets itself', 0, [[send(1), receive]], { events: [sent(0), got(1, 1)], blocked: [] }],
    ['two try forms meet', 0, [[{ ...send(1), do: 'trySend' } as ChannelStep], [{ do: 'tryReceive', channel: 0 }]], { events: [sent(0), got(0, 1, 1)], blocked: [] }],
    ['it ends though it is not closed', 1, [[receive]], { events: [none(0)], blocked: [] }],
    ['it ends though something is held', 1, [[send(1), close, receive]], { events: [sent(0), closed(1), none(2)], blocked: [] }],
    ['a send follows the close', 1, [[close, send(1)]], { events: [closed(0), sent(1)], blocked: [] }],
    ['a send throws before the close', 1, [[send(1), close]], { events: [threw(0), closed(1)], blocked: [] }],
    ['a receive throws', 1, [[close, receive]], { events: [closed(0), threw(1)], blocked: [] }],
    ['it is closed twice', 1, [[close, close]], { events: [closed(0), closed(1)], blocked: [] }],
    ['the first close throws', 1, [[close]], { events: [threw(0)], blocked: [] }],
    ['a try form finds no room where there is', 1, [[{ ...send(1), do: 'trySend' } as ChannelStep]], { events: [wouldBlock(0)], blocked: [] }],
    ['a try form finds nothing where there is', 1, [[send(1), { do: 'tryReceive', channel: 0 }]], { events: [sent(0), wouldBlock(1)], blocked: [] }],
    ['a send would block', 0, [[send(1)]], { events: [wouldBlock(0)], blocked: [] }],
    ['a step is left out', 1, [[send(1), receive]], { events: [got(1, 1)], blocked: [] }],
    ['the last step is left out', 1, [[send(1), receive]], { events: [sent(0)], blocked: [] }],
    ['a step is done twice', 2, [[send(1)]], { events: [sent(0), sent(0)], blocked: [] }],
    ['a sender is blocked though there is room', 1, [[send(1)]], { events: [], blocked: [{ goroutine: 0, step: 0 }] }],
    ['a receiver is blocked though it is closed', 1, [[receive], [close]], { events: [closed(0, 1)], blocked: [{ goroutine: 0, step: 0 }] }],
    ['a sender and a receiver are blocked both', 0, [[send(1)], [receive]], { events: [], blocked: [{ goroutine: 0, step: 0 }, { goroutine: 1, step: 0 }] }],
    ['a close is blocked', 1, [[close]], { events: [], blocked: [{ goroutine: 0, step: 0 }] }],
    ['a select is blocked though one of its cases is ready', 1, [[{ do: 'select', cases: [{ do: 'receive', channel: 0 }, { do: 'send', channel: 0, value: 1 }] }]], { events: [], blocked: [{ goroutine: 0, step: 0 }] }],
    ['a case was chosen that is not there', 1, [[{ do: 'select', cases: [{ do: 'receive', channel: 0 }] }]], { events: [{ ...sent(0), case: 1 }], blocked: [] }],
    ['it is told of no goroutine', 1, [[send(1)]], { events: [], blocked: [] }],
  ])('is refused: %s', (_, capacity, goroutines, history) => {
    expect(isPossible({ channels: [capacity], goroutines }, history)).toBe(false)
  }) // prettier-ignore

  it('is told in an error, with its events', () => {
    const [program] = fc.sample(channelProgram({ verbs: ['receive'], goroutines: 1, steps: 1, channels: 1, capacity: 0 }), 1)
    expect(() => program.check({ events: [got(0, 7)], blocked: [] })).toThrow(
      new Error('program.check(history): channels cannot produce this history:\ng1 a.receive(): received 7'),
    )
  })

  it('is refused wherever a value that was received becomes one that nobody sent', async () => {
    await fc.assert(
      fc.asyncProperty(channelProgram(), schedule(), fc.nat(), async (program, s, which) => {
        const { events, blocked } = await s.run(program.run)
        const received = events.filter(({ result }) => result === 'received')
        fc.pre(received.length > 0)
        const changed = received[which % received.length]
        const others = events.map((event) => (event === changed ? { ...event, value: 100 } : event))
        expect(isPossible(program, { events: others, blocked })).toBe(false)
      }),
      { numRuns: 500, seed: 1 },
    )
  })
})

describe('a channel with a fault', () => {
  it.each(broken)('is found from every seed: $fault', async ({ make, smallest, times, runs }) => {
    let found = 0
    for (const seed of seeds) {
      const { failed, counterexample, numRuns, errorInstance } = await fc.check(
        fc.asyncProperty(channelProgram(), schedule(), async (program, s) => program.check(await s.run(program.on(make)))),
        { seed, numRuns: 1_000 },
      )
      expect(failed, `seed ${seed}`).toBe(true)
      expect(numRuns, `runs of seed ${seed}`).toBeLessThanOrEqual(runs)
      expect((errorInstance as Error).message).toContain('channels cannot produce this history')
      const [program] = counterexample ?? []
      expect(stepsOf(program ?? { channels: [], goroutines: [] }).length, `steps of seed ${seed}`).toBeLessThanOrEqual(6)
      const bodies = program?.goroutines.map((steps) => steps.map(textOfStep).join('; ')).join(' | ')
      if (smallest.includes(bodies ?? '')) found++
    }
    expect(found, 'seeds that lead to the smallest').toBeGreaterThanOrEqual(times)
  })
})
