/** Work that is added to a wait group after the last wait on it, which an exploration reports with `waitGroups: true`. */
import { after, chan, go, gosched, mutex, select, waitGroup } from 'millrace'
import { explore, replay, ScheduleError, type ExploreOptions, type Program } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

type Steps = Generator<never, void>

function* work(): Steps {
  yield* gosched()
}

async function find(program: Program, options: ExploreOptions = {}): Promise<ScheduleError | null> {
  try {
    await explore(program, { waitGroups: true, ...options })
    return null
  } catch (error) {
    if (error instanceof ScheduleError) return error
    throw error
  }
}

/** A server that counts its requests, and a main that stops it. */
function* addsInside(): Steps {
  const requests = waitGroup()
  go(function* server() {
    requests.add(1)
    yield* gosched()
    requests.done()
  })
  yield* requests.wait()
}

describe('is reported', () => {
  it.each(['random', 'pct', 'exhaustive'] as const)('under %s: the add that was too late, by whom, and when', async (strategy) => {
    const error = await find(addsInside, { strategy })
    expect(error?.finding).toMatchObject({
      kind: 'late-add',
      message: 'a wait group was added to after the last wait on it: server#2 adds to waitGroup 1',
      waiting: [],
    })
    expect(error?.events.map(({ who, did }) => `${who} ${did}`)).toEqual([
      'nobody starts addsInside#1',
      'addsInside#1 starts server#2',
      'addsInside#1 has waited for waitGroup 1',
      'addsInside#1 ends',
      'server#2 adds to waitGroup 1',
      'server#2 ends',
    ])
    await expect(replay(error?.token ?? '', addsInside, { waitGroups: true })).rejects.toMatchObject({ finding: error?.finding })
  })

  it('only where it is asked for', async () => {
    expect(await find(addsInside, { waitGroups: false })).toBeNull()
    expect(await find(addsInside, { waitGroups: undefined as never })).toBeNull()
  })

  it('also where `go` adds, and where a callback does', async () => {
    const byGo = function* (): Steps {
      const requests = waitGroup()
      go(function* server() {
        requests.go(function* () {})
      })
      yield* requests.wait()
    }
    expect((await find(byGo))?.finding.message).toContain('server#2 adds to waitGroup 1')
    const byCallback = function* (): Steps {
      const requests = waitGroup()
      after(1).map(() => requests.go(function* () {})).then(() => {}, () => {}) // prettier-ignore
      yield* requests.wait()
    }
    expect((await find(byCallback))?.finding.message).toContain('code outside any goroutine adds to waitGroup 1')
  })

  it('where one was granted its wait, and goes on when the count is no longer zero', async () => {
    const granted = function* (): Steps {
      const requests = waitGroup()
      requests.add(1)
      go(function* server() {
        requests.done()
        requests.add(1)
        yield* gosched()
        yield* gosched()
        requests.done()
      })
      yield* requests.wait()
    }
    expect((await find(granted))?.finding).toMatchObject({ kind: 'late-add' })
  })

  it('in the last of several rounds', async () => {
    const rounds = function* (): Steps {
      const group = waitGroup()
      for (let i = 0; i < 3; i++) {
        if (i < 2) group.add(1)
        go(function* late() {
          if (i === 2) group.add(1)
          yield* gosched()
          group.done()
        })
        yield* group.wait()
      }
    }
    expect((await find(rounds))?.finding).toMatchObject({ kind: 'late-add', message: expect.stringContaining('late#4') as string })
  })
})

describe('is not reported', () => {
  const sound: Record<string, Program> = {
    'a group that is added to before its goroutines start': function* () {
      const group = waitGroup()
      for (let i = 0; i < 3; i++) group.go(work)
      yield* group.wait()
    },
    'one whose owner refuses work once it stops, under a lock': function* () {
      const [group, lock] = [waitGroup(), mutex()]
      let isStopping = false
      for (let i = 0; i < 2; i++) {
        go(function* () {
          using _guard = yield* lock.lock()
          if (!isStopping) group.go(work)
        })
      }
      const guard = yield* lock.lock()
      isStopping = true
      guard[Symbol.dispose]()
      yield* group.wait()
    },
    'one that is used again by rounds, each with its wait': function* () {
      const group = waitGroup()
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 2; i++) group.go(work)
        yield* group.wait()
      }
    },
    'one that another adds to, told by a channel that the round is over': function* () {
      const group = waitGroup()
      const [next, ready] = [chan<null>(), chan<null>()]
      go(function* adder() {
        for (let i = 0; i < 2; i++) {
          yield* next.receive()
          group.go(work)
          yield* ready.send(null)
        }
      })
      for (let i = 0; i < 2; i++) {
        yield* next.send(null)
        yield* ready.receive()
        yield* group.wait()
      }
    },
    'several who wait, of whom one begins the next round and waits for it': function* () {
      const group = waitGroup()
      group.go(work)
      const other = go(function* () {
        yield* group.wait()
      })
      yield* group.wait()
      group.go(work)
      yield* group.wait()
      yield* other.join()
    },
    'a wait that was given up': function* () {
      const group = waitGroup()
      const release = chan<never>()
      group.go(function* () {
        yield* release.receive()
      })
      yield* select({ all: group.wait(), late: after(5) })
      release.close()
      yield* after(10)
      group.go(work)
    },
    'a group that nobody ever waits for': function* () {
      const group = waitGroup()
      for (let i = 0; i < 2; i++) {
        group.go(work)
        yield* gosched()
      }
    },
    'an adder that was canceled before it came to its wait': function* () {
      const group = waitGroup()
      const adder = go(function* () {
        for (;;) {
          group.go(work)
          yield* gosched()
          yield* group.wait()
        }
      })
      yield* after(5)
      adder.cancel()
      yield* adder.join().attempt()
    },
  }

  it.each(Object.entries(sound))('%s', async (_name, program) => {
    expect(await find(program)).toBeNull()
    expect(await find(program, { strategy: 'pct' })).toBeNull()
    expect(await find(program, { strategy: 'exhaustive' })).toBeNull()
  })
})

it('nothing is patched: the methods of wait groups stay as they are during an exploration', async () => {
  const methods = (): unknown[] => {
    const group = Object.getPrototypeOf(waitGroup()) as Record<string, unknown>
    const wait = Object.getPrototypeOf(waitGroup().wait()) as Record<string, unknown>
    return [group['add'], group['go'], group['wait'], wait['poll'], wait['finish']]
  }
  const before = methods()
  let during: unknown[] = []
  await find(function* () {
    during = methods()
  })
  expect(during).toEqual(before)
})
