import fc, { type Arbitrary } from 'fast-check'
import { chan, sleep, type Goroutine, type Op } from 'millrace'
import {
  channelProgram,
  failures,
  latency,
  payload,
  schedule,
  scheduleOf,
  type ChannelHistory,
  type ChannelProgram,
  type Failures,
  type RunSchedule,
} from 'millrace/fast-check'
import { explore, type Trial } from 'millrace/testing'
import { expectTypeOf, test } from 'vitest'

test('each is an arbitrary of what it says', () => {
  expectTypeOf(schedule()).toEqualTypeOf<Arbitrary<RunSchedule>>()
  expectTypeOf(latency()).toEqualTypeOf<Arbitrary<number>>()
  expectTypeOf(payload()).toEqualTypeOf<Arbitrary<unknown>>()
  expectTypeOf(failures(3)).toEqualTypeOf<Arbitrary<Failures>>()
  expectTypeOf(channelProgram()).toEqualTypeOf<Arbitrary<ChannelProgram>>()
})

test('a run answers what the program returns, of all three kinds', () => {
  const s = scheduleOf('s1-')
  expectTypeOf(s.run(function* () { yield* sleep(1); return 'x' })).toEqualTypeOf<Promise<string>>() // prettier-ignore
  expectTypeOf(s.run(async () => 1)).toEqualTypeOf<Promise<number>>()
  expectTypeOf(s.run((run) => run.choose(2))).toEqualTypeOf<Promise<number>>()
  expectTypeOf(s.run((run: Trial) => run.now())).toEqualTypeOf<Promise<number>>()
  expectTypeOf(s.runSync(function* () { return yield* chan<string>().receive() })._tag).toEqualTypeOf<'Some' | 'None'>() // prettier-ignore
  // @ts-expect-error a program yields operations only
  void s.run(function* () { yield 1 }) // prettier-ignore
})

test('a channel program is a program, and answers its history', () => {
  const [program] = fc.sample(channelProgram(), 1)
  expectTypeOf(scheduleOf('s1-').run(program.run)).toEqualTypeOf<Promise<ChannelHistory>>()
  void explore(program.run)
  void explore(program.on((capacity) => chan(capacity)))
  // @ts-expect-error the channels carry numbers
  program.on(() => chan<string>())
})

test('a step keeps its type with failures', () => {
  const [fails] = fc.sample(failures(1), 1)
  expectTypeOf(fails.in(async (n: number, s: string) => s.repeat(n))).toEqualTypeOf<(n: number, s: string) => Promise<string>>()
  expectTypeOf(fails.in((ms: number) => sleep(ms))).toEqualTypeOf<(ms: number) => Op<void>>()
  expectTypeOf<ReturnType<typeof fails.in<[], Goroutine<number>>>>().toEqualTypeOf<() => Goroutine<number>>()
  // @ts-expect-error no such way
  failures(1, { ways: ['explode'] })
})
