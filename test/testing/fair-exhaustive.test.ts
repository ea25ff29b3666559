/** Correct programs that poll, tick or pass a token on: they end under every schedule that `exhaustive` tries. */
import { chan, go, gosched, mutex, sleep, ticker, trySelect } from 'millrace'
import { explore, ScheduleError, type Program } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

const polling: Record<string, Program> = {
  'a goroutine that yields until another is done': function* () {
    let isDone = false
    go(function* worker() {
      yield* sleep(1)
      isDone = true
    })
    while (!isDone) yield* gosched()
  },
  'two that yield, and a worker': function* () {
    let isDone = false
    const spin = function* (): Generator<never, void> {
      while (!isDone) yield* gosched()
    }
    go(spin)
    go(spin)
    yield* gosched()
    isDone = true
  },
  'a goroutine that sleeps until another is done': function* () {
    let isDone = false
    go(function* worker() {
      for (let i = 0; i < 3; i++) yield* chan<number>(1).send(1)
      isDone = true
    })
    while (!isDone) yield* sleep(1)
  },
  'a ticker that is looked at until a value is there': function* () {
    const values = chan<number>(1)
    go(function* worker() {
      yield* gosched()
      yield* values.send(1)
    })
    const beat = ticker(1)
    while (trySelect({ value: values.receive() })._tag === 'None') yield* beat.receive()
    beat.stop()
  },
  'two that pass a token until a third is done': function* () {
    let isDone = false
    const [there, back] = [chan<number>(), chan<number>()]
    go(function* echo() {
      for (;;) {
        const it = yield* there.receive()
        if (it._tag === 'None') break
        yield* back.send(it.value)
      }
    })
    go(function* worker() {
      yield* chan<number>(1).send(1)
      isDone = true
    })
    while (!isDone) {
      yield* there.send(1)
      yield* back.receive()
    }
    there.close()
  },
  'a lock that is taken until another has changed what it guards': function* () {
    let isDone = false
    const lock = mutex()
    go(function* worker() {
      yield* lock.lock()
      isDone = true
      lock.unlock()
    })
    for (let seen = false; !seen;) {
      yield* lock.lock()
      seen = isDone
      lock.unlock()
    }
  },
}

describe.each(Object.entries(polling))('%s', (_, program) => {
  it.each([0, 1, 2])('ends with %i preemptions', async (preemptions) => {
    const options = { strategy: 'exhaustive', preemptions, steps: 2_000, schedules: 4_000 } as const
    const found = await explore(program, options).catch((error: unknown) => error)
    expect(found).not.toBeInstanceOf(ScheduleError)
    expect(found).toMatchObject(preemptions < 2 ? { isComplete: true } : {})
  })
})
