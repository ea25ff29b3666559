/** The rules of the race engine, over cells: what each reports, and what it does not. */
import { chan, go, gosched, mutex, sleep, waitGroup } from 'millrace'
import { bubble, explore, ignoreRaces, RaceError, replay, ScheduleError, shared, watch, type RaceLevel } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

type Program = () => Generator<never, unknown>

async function failureOf(program: Program, race: boolean | RaceLevel = true, schedules = 100): Promise<ScheduleError | null> {
  return explore(program, { race, schedules }).then(
    () => null,
    (error: unknown) => error as ScheduleError,
  )
}

async function raceOf(program: Program, race: boolean | RaceLevel = true): Promise<string | null> {
  const failure = await failureOf(program, race)
  if (failure === null) return null
  const { error } = failure.finding
  return error instanceof RaceError
    ? `${error.rule}: ${error.accesses.map(({ did, goroutine }) => `${goroutine} ${did}`).join(', ')}`
    : failure.message
}

function* both(...bodies: readonly Program[]): Generator<never, void> {
  const group = waitGroup()
  for (const body of bodies) group.go(body)
  yield* group.wait()
}

/** Takes an amount off a balance that it has read before a wait. */
const withdrawals = (lock: () => Program): Program =>
  function* () {
    const balance = shared(100, 'balance')
    const mu = mutex()
    const plain: Program = function* withdraw() {
      const before = balance.value
      yield* sleep(1)
      balance.value = before - 10
    }
    const locked: Program = function* withdraw() {
      using _ = yield* mu.lock()
      yield* plain()
    }
    const body = lock === unlocked ? plain : locked
    yield* both(body, body)
    return balance.value
  }
const unlocked = (): Program => withdrawals(unlocked)

describe('stale', () => {
  it('reports a write that goes by a read from before a wait', async () => {
    expect(await raceOf(unlocked())).toBe('stale: withdraw#2 read, withdraw#3 write, withdraw#2 write')
  })

  it('is the only rule of the level stale', async () => {
    expect(await raceOf(unlocked(), 'stale')).toMatch(/^stale/)
    expect(
      await raceOf(function* () {
        const x = shared(0, 'x')
        yield* both(
          function* () {
            x.value = 1
          },
          function* () {
            x.value = 2
          },
        )
      }, 'stale'),
    ).toBeNull()
  })

  it('says nothing where a lock is held from the read to the write', async () => {
    expect(await raceOf(withdrawals(() => unlocked()))).toBeNull()
  })

  it('says nothing where locks order the other write between the read and the write', async () => {
    const program: Program = function* () {
      const made = shared(0, 'made')
      const mu = mutex()
      function* make() {
        {
          using _ = yield* mu.lock()
          if (made.value > 0) return
        }
        yield* sleep(1)
        using _ = yield* mu.lock()
        made.value = Math.max(made.value, 0) === 0 ? 1 : 2
      }
      yield* both(make, make)
    }
    expect(await raceOf(program)).toBeNull()
  })
})

describe('order', () => {
  const unjoined: Program = function* () {
    const x = shared(0, 'x')
    go(function* writer() {
      x.value = 1
    })
    yield* sleep(1)
    return x.value
  }

  it('reports a read beside a write that nothing orders', async () => {
    expect(await raceOf(unjoined)).toMatch(/^order: writer#2 write, .*#1 read$/)
  })

  it('says nothing of updates in one section each, which lose nothing; level go does', async () => {
    const updates: Program = function* () {
      const hits = shared(0, 'hits')
      function* hit() {
        hits.value++
      }
      yield* both(hit, hit)
      return hits.value
    }
    expect(await raceOf(updates)).toBeNull()
    expect(await raceOf(updates, 'all')).toBeNull()
    expect(await raceOf(updates, 'go')).toMatch(/^order/)
  })

  it('says nothing of a write that changes nothing', async () => {
    const program: Program = function* () {
      const done = shared(false, 'done')
      function* end() {
        done.value = true
      }
      yield* both(end, end)
    }
    expect(await raceOf(program)).toBeNull()
    expect(await raceOf(program, 'go')).toMatch(/^order/)
  })

  it('counts a release from the end of its section; level go from its point', async () => {
    const program: Program = function* () {
      const x = shared(0, 'x')
      const reader = go(function* reader() {
        return x.value
      })
      x.value = 1
      yield* reader.join()
    }
    expect(await raceOf(program)).toBeNull()
    expect(await raceOf(program, 'go')).toMatch(/^order/)
  })

  it('says nothing of code outside of goroutines; level all does', async () => {
    const x = shared(0, 'x')
    const program = function* () {
      const timer = Promise.resolve().then(() => (x.value += 1))
      go(function* writer() {
        yield* sleep(1)
        x.value = 7
      })
      yield* sleep(2)
      void timer
    }
    await bubble(program, { race: true })
    await expect(bubble(program, { race: 'all' })).rejects.toThrow(RaceError)
  })
})

describe('misuse', () => {
  it('reports a close beside a send', async () => {
    const program: Program = function* () {
      const ch = chan<number>(1)
      go(function* sender() {
        yield* ch.send(1)
      })
      yield* sleep(1)
      ch.close()
    }
    expect(await raceOf(program)).toMatch(/^misuse: sender#2 send, .*#1 close$/)
  })

  it('reports an add from zero beside a wait', async () => {
    const program: Program = function* () {
      const group = waitGroup()
      go(function* worker() {
        group.add(1)
        yield* gosched()
        group.done()
      })
      yield* group.wait()
      yield* sleep(5)
    }
    expect(await raceOf(program)).toMatch(/^misuse: .*(add from zero, .*wait|wait, .*add from zero)$/)
  })

  it('reports a done that no add comes before', async () => {
    const program: Program = function* () {
      const group = waitGroup()
      go(function* adder() {
        group.add(1)
      })
      go(function* doer() {
        yield* sleep(1)
        group.done()
      })
      yield* sleep(5)
    }
    expect(await raceOf(program)).toMatch(/^misuse: doer#3 done$/)
  })

  it('says nothing where the close comes after the senders', async () => {
    const program: Program = function* () {
      const ch = chan<number>(4)
      function* sender() {
        yield* ch.send(1)
      }
      yield* both(sender, sender)
      ch.close()
    }
    expect(await raceOf(program)).toBeNull()
    expect(await raceOf(program, 'go')).toBeNull()
  })
})

describe('watch', () => {
  const racing = (make: () => object, first: (it: never) => unknown, second: (it: never) => unknown): Program =>
    function* () {
      const it = watch(make(), 'it')
      go(function* first_() {
        first(it as never)
      })
      yield* sleep(1)
      second(it as never)
    }

  it.each<[string, () => object, (it: never) => unknown, (it: never) => unknown, string]>([
    ['a property', () => ({ a: 1 }), (it: { a: number }) => (it.a = 2), (it: { a: number }) => it.a, 'it.a'],
    ['a deleted property', () => ({ a: 1 }), (it: { a?: number }) => delete it.a, (it: { a?: number }) => it.a, 'it.a'],
    ['a field that a method writes', () => new Counter(), (it: Counter) => it.reset(), (it: Counter) => it.n, 'it.n'],
    ['an element', () => [1], (it: number[]) => (it[0] = 2), (it: number[]) => it[0], 'it[0]'],
    ['a sort', () => [2, 1], (it: number[]) => it.sort(), (it: number[]) => it[0], 'the content of it'],
    ['the length', () => [1], (it: number[]) => it.push(2), (it: number[]) => it.length, 'the members of it'],
    ['a loop over an array', () => [1], (it: number[]) => it.push(2), (it: number[]) => [...it], 'the members of it'],
    [
      'an entry',
      () => new Map([['a', 1]]),
      (it: Map<string, number>) => it.set('a', 2),
      (it: Map<string, number>) => it.get('a'),
      'it["a"]',
    ],
    [
      'a deletion',
      () => new Map([['a', 1]]),
      (it: Map<string, number>) => it.delete('a'),
      (it: Map<string, number>) => it.size,
      'the members of it',
    ],
    ['a clear', () => new Set([1]), (it: Set<number>) => it.clear(), (it: Set<number>) => it.has(1), 'the content of it'],
    ['a loop over a set', () => new Set([1]), (it: Set<number>) => it.add(2), (it: Set<number>) => [...it], 'the members of it'],
  ])('sees %s', async (_, make, first, second, place) => {
    const failure = await failureOf(racing(make, first, second))
    expect((failure?.finding.error as RaceError).place).toBe(place)
  })

  it.each<[string, () => object, (it: never) => unknown, (it: never) => unknown]>([
    ['two properties', () => ({ a: 1, b: 1 }), (it: { a: number }) => (it.a = 2), (it: { b: number }) => it.b],
    ['two entries', () => new Map([['a', 1], ['b', 2]]), (it: Map<string, number>) => it.set('a', 2), (it: Map<string, number>) => it.get('b')], // prettier-ignore
    ['two pushes', () => [], (it: number[]) => it.push(1), (it: number[]) => it.push(2)],
    ['two members', () => new Set(), (it: Set<number>) => it.add(1), (it: Set<number>) => it.add(2)],
  ])('keeps %s apart', async (_, make, first, second) => {
    expect(await raceOf(racing(make, first, second))).toBeNull()
  })

  it('does what the object does', () => {
    const map = watch(new Map([['a', 1]]))
    expect(map.set('b', 2)).toBe(map)
    expect([...map.entries()]).toEqual([['a', 1], ['b', 2]]) // prettier-ignore
    expect(watch(map)).toBe(map)
    const list = watch([3, 1, 2])
    expect(list.sort()).toBe(list)
    expect(list.map((n) => n * 2)).toEqual([2, 4, 6])
    expect(JSON.stringify(list)).toBe('[1,2,3]')
    expect(Object.keys(watch({ a: 1, b: 2 }))).toEqual(['a', 'b'])
  })
})

class Counter {
  n = 1
  reset(): void {
    this.n = 0
  }
}

describe('a report', () => {
  it('names both accesses, the goroutines, their starts, the locks, and a way out', async () => {
    const program: Program = function* main() {
      const x = shared(0, 'x')
      const mu = mutex()
      go(function* writer() {
        using _ = yield* mu.lock()
        x.value = 1
      })
      yield* sleep(1)
      return x.value
    }
    const { message } = (await failureOf(program)) as ScheduleError
    const lines = message.replace(/\(\S*\/(rules\.test\.ts)\S*:\d+:\d+\)/g, '($1)').split('\n')
    expect(lines.slice(0, 6)).toEqual([
      'race under schedule 1 (seed 1): unordered access to x',
      expect.stringMatching(/^ {2}writer#2 writes in \S+ \S*.*\(rules\.test\.ts\)$/),
      expect.stringMatching(/^ {2}main#1 reads in \S+ \S*.*\(rules\.test\.ts\)$/),
      expect.stringMatching(/^ {2}writer#2 was started by main#1 in \S+ \S*.*\(rules\.test\.ts\), held mutex 1$/),
      expect.stringMatching(/^ {2}main#1 .*held nothing$/),
      '  Nothing orders them: they have shared no lock, channel, group or join.',
    ])
    expect(lines[6]).toMatch(/^ {2}One way out: hold one mutex at both/)
  })

  it('has the stacks of all accesses, and the line of the wait between', async () => {
    const program: Program = function* main() {
      const x = shared(0, 'x')
      function* put(value: number) {
        x.value = value
      }
      function* add() {
        const before = x.value
        yield* sleep(1)
        yield* put(before + 1)
      }
      yield* both(add, add)
    }
    const { error } = ((await failureOf(program)) as ScheduleError).finding as { error: RaceError }
    for (const { did, stack } of error.accesses) expect(stack).toMatch(did === 'write' ? /\bput\b[^]*\badd\b/ : /\badd\b/)
    expect(error.wait).toMatch(/add .*rules\.test\.ts/)
    expect(error.message).toMatch(/\n {2}add#\d reads in .*\n {2}add#\d waits in .*\n {2}add#\d writes in /)
  })

  it('has a token that replays it', async () => {
    const failure = (await failureOf(unlocked())) as ScheduleError
    await expect(replay(failure.token, unlocked(), { race: true })).rejects.toThrow('stale write of balance')
    await expect(replay(failure.token, unlocked())).resolves.toBeUndefined()
  })

  it('comes before a failure of the same run, and names that too', async () => {
    const failure = await failureOf(function* () {
      const x = shared(0, 'x')
      go(function* writer() {
        x.value = 1
      })
      yield* sleep(1)
      if (x.value === 1) throw new Error('seen')
    })
    expect(failure?.finding.kind).toBe('race')
    expect(failure?.message).toContain('the run has failed as well: failed: Error: seen')
  })

  it('of a bubble rejects at its end', async () => {
    await expect(bubble(unlocked(), { race: true })).rejects.toThrow('stale write of balance')
    await expect(bubble(unlocked())).resolves.toBe(90)
  })
})

describe('confirm', () => {
  const looked = async (program: Program) => {
    const failure = await explore(program, { race: { confirm: true }, schedules: 100 }).catch((error: unknown) => error as ScheduleError)
    return failure instanceof ScheduleError ? failure : null
  }
  /** A writer beside a reader; what is done with the value that is read decides. */
  const racing = (use: (value: number) => unknown): Program =>
    function* () {
      const x = shared(0, 'x')
      const writer = go(function* writer() {
        x.value = 1
      })
      const reader = go(function* reader() {
        return use(x.value)
      })
      yield* writer.join()
      return yield* reader.join()
    }

  it.each<[string, (value: number) => unknown, string]>([
    ['fails', (value) => (value === 1 ? 1 : (undefined as unknown as number[])[0]), 'fails'],
    ['fails', (value) => (value === 0 ? 1 : (undefined as unknown as number[])[0]), 'fails'],
    ['returns another result', (value) => value, 'differs'],
    ['ends the same', () => 'seen', 'same'],
  ])('says that a program %s in the other order', async (_, use, outcome) => {
    const failure = await looked(racing(use))
    expect(failure?.finding).toMatchObject({ kind: 'race', confirmation: { outcome } })
    const { token } = failure?.finding.confirmation ?? {}
    const run = replay(String(token), racing(use))
    if (outcome === 'fails') await expect(run).rejects.toThrow(/failed|crash/)
    else await expect(run).resolves.toBeUndefined()
  })

  it('says that a lost update changes the result', async () => {
    const failure = await looked(unlocked())
    expect(failure?.finding.confirmation?.outcome).toBe('differs')
    expect(failure?.message).toContain('Confirmed: the result is 90, and 80 in the other order')
  })

  it('says that no other order was found where time keeps the two apart', async () => {
    const failure = await looked(function* () {
      const x = shared(0, 'x')
      go(function* writer() {
        x.value = 1
        yield* sleep(5)
      })
      yield* sleep(1)
      yield* gosched()
      return x.value > 5
    })
    expect(failure?.finding.confirmation?.outcome).toMatch(/unknown|same/)
  })

  it('says nothing without the option', async () => {
    expect((await failureOf(unlocked()))?.finding.confirmation).toBeUndefined()
  })
})

describe('ignoreRaces', () => {
  it('accepts the races of a cell, and of a watched object', async () => {
    const program = (accepts: boolean): Program =>
      function* () {
        const x = shared(0, 'x')
        const list = watch([1], 'list')
        if (accepts) {
          ignoreRaces(x, 'the last writer wins')
          ignoreRaces(list, 'a cache')
        }
        go(function* writer() {
          x.value = 1
          list[0] = 2
        })
        yield* sleep(1)
        return x.value + list[0]
      }
    expect(await raceOf(program(false))).not.toBeNull()
    expect(await raceOf(program(true))).toBeNull()
  })
})

it('says nothing without the option, also of code after an exploration', async () => {
  expect(await raceOf(unlocked(), false)).toBeNull()
  const x = shared(1)
  x.value++
  expect(x.value).toBe(2)
})

it('keeps the strands of more than 256 goroutines apart or lets them share a clock, and reports none that is not there', async () => {
  const program: Program = function* () {
    const x = shared(0, 'x')
    const mu = mutex()
    const group = waitGroup()
    for (let i = 0; i < 600; i++)
      group.go(function* add() {
        using _ = yield* mu.lock()
        const before = x.value
        yield* gosched()
        x.value = before + 1
      })
    yield* group.wait()
    return x.value
  }
  await expect(explore(program, { race: true, schedules: 3, steps: 100_000 })).resolves.toMatchObject({ schedules: 3 })
})
