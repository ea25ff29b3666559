import fc from 'fast-check'
import { channelProgram, failures, latency, payload, schedule, scheduleOf } from 'millrace/fast-check'
import { describe, expect, it } from 'vitest'

const [program] = fc.sample(channelProgram(), 1)
const [fails] = fc.sample(failures(1), 1)
const none = undefined as never

describe('bad input is refused, with the value, what was expected, and where', () => {
  it.each<[() => unknown, string]>([
    [() => schedule(5 as never), 'schedule(options): expected a record of options, got 5'],
    [() => schedule({ steps: 0 }), 'schedule({ steps }): expected a whole number from 1 up, got 0'],
    [() => schedule({ ownedLocks: 1 as never }), 'schedule({ ownedLocks }): expected true or false, got 1'],
    [() => schedule({ unperformed: 'no' as never }), 'schedule({ unperformed }): expected true or false, got "no"'],
    [() => scheduleOf(none), 'scheduleOf(token): expected a token, got undefined'],
    [() => scheduleOf('s2-1'), 'replay(token): expected a token that begins with s1-, got "s2-1"'],
    [() => scheduleOf('s1-', { steps: 1.5 }), 'scheduleOf({ steps }): expected a whole number from 1 up, got 1.5'],
    [() => scheduleOf('s1-').runSync(none), 'schedule.runSync(program): expected a function, got undefined'],
    [() => latency(5 as never), 'latency(options): expected a record of options, got 5'],
    [() => latency({ max: -1 }), 'latency({ max }): expected a whole number from 0 up, got -1'],
    [() => latency({ max: '5' as never }), 'latency({ max }): expected a whole number from 0 up, got "5"'],
    [() => latency({ never: 0 as never }), 'latency({ never }): expected true or false, got 0'],
    [() => payload(null as never), 'payload(options): expected a record of options, got null'],
    [() => payload({ work: 'yes' as never }), 'payload({ work }): expected true or false, got "yes"'],
    [() => failures(none), 'failures(calls): expected a whole number from 1 up, got undefined'],
    [() => failures(0), 'failures(calls): expected a whole number from 1 up, got 0'],
    [() => failures(1, { most: 0 }), 'failures({ most }): expected a whole number from 1 up, got 0'],
    [() => failures(1, { ways: [] }), 'failures({ ways }): expected one or more of throw, reject, after, got an array of 0'],
    [() => failures(1, { ways: ['explode' as never] }), 'failures({ ways }): expected one or more of throw, reject, after, got "explode"'],
    [() => failures(1, { ways: 'throw' as never }), 'failures({ ways }): expected one or more of throw, reject, after, got "throw"'],
    [() => failures(1, { errors: [] as never }), 'failures({ errors }): expected an arbitrary, got an array of 0'],
    [() => fails.in(none), 'failures.in(step): expected a function, got undefined'],
    [() => channelProgram('a' as never), 'channelProgram(options): expected a record of options, got "a"'],
    [() => channelProgram({ channels: 0 }), 'channelProgram({ channels }): expected a whole number from 1 up, got 0'],
    [() => channelProgram({ goroutines: NaN }), 'channelProgram({ goroutines }): expected a whole number from 1 up, got NaN'],
    [() => channelProgram({ steps: 0 }), 'channelProgram({ steps }): expected a whole number from 1 up, got 0'],
    [() => channelProgram({ capacity: -1 }), 'channelProgram({ capacity }): expected a whole number from 0 up, got -1'],
    [() => channelProgram({ deadlocks: 'no' as never }), 'channelProgram({ deadlocks }): expected true or false, got "no"'],
    [() => channelProgram({ verbs: ['open' as never] }), 'channelProgram({ verbs }): expected one or more of receive, send, close, tryReceive, trySend, select, trySelect, range, sleep, got "open"'],
    [() => program.on(none), 'program.on(make): expected a function, got undefined'],
  ])('%s', (call, message) => {
    expect(call).toThrow(message)
  }) // prettier-ignore

  it('schedule.run rejects', async () => {
    await expect(scheduleOf('s1-').run(none)).rejects.toThrow('schedule.run(program): expected a function, got undefined')
  })
})
