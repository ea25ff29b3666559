/**
 * Every lock, permit and caller whose wait was made and not performed, polled and not parked, or granted and given back: nothing is
 * lost, and the next in the queue gets it.
 */
import { background, chan, choose, cond, errgroup, go, keyedMutex, mutex, once, onceValue, onCrash, onLateFailure, pool, rateLimiter, rwMutex, select, semaphore, singleflight, syncMap, timeout, trySelect, waitGroup, withCancel, type Job, type Op, type RWMutex } from 'millrace' // prettier-ignore
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { performed, subscribed, waiting, type Outcome } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime, type VirtualTime } from '../support/virtual-time.js'

let reports: unknown[] = []
let takeBack: (() => void)[] = []
beforeEach(() => {
  reports = []
  takeBack = [onCrash((error) => reports.push(error)), onLateFailure((error) => reports.push(error))]
})
afterEach(() => {
  takeBack.forEach((off) => off())
  expect(reports).toEqual([])
})

interface Subject<W> {
  /** Waits for the only share, which is taken when the subject is made. */
  readonly wait: () => W
  /** The wait of the next in the queue, where that is another. */
  readonly next?: () => W
  /** Gives the share back. */
  readonly free: () => void
  /** Another gets the share as well. */
  readonly isShared?: boolean
  /** The number of performers that got it, where a performer goes on after its owner has left. */
  readonly got?: () => number
}

function unlockEither(rw: RWMutex): void {
  try {
    rw.unlock()
  } catch {
    rw.rUnlock()
  }
}

const operations: Record<string, (clock: VirtualTime) => Subject<Op<unknown>>> = {
  mutex: () => {
    const mu = mutex()
    mu.tryLock()
    return { wait: () => mu.lock(), free: () => mu.unlock() }
  },
  'rwMutex, a writer behind a writer': () => {
    const rw = rwMutex()
    rw.tryLock()
    return { wait: () => rw.lock(), free: () => rw.unlock() }
  },
  'rwMutex, a reader before a writer': () => {
    const rw = rwMutex()
    rw.tryLock()
    return { wait: () => rw.rLock(), next: () => rw.lock(), free: () => unlockEither(rw) }
  },
  'rwMutex, a writer before a reader': () => {
    const rw = rwMutex()
    rw.tryLock()
    return { wait: () => rw.lock(), next: () => rw.rLock(), free: () => unlockEither(rw), isShared: true }
  },
  keyedMutex: () => {
    const keyed = keyedMutex<string>()
    keyed.tryLock('key')
    return { wait: () => keyed.lock('key'), free: () => keyed.unlock('key') }
  },
  semaphore: () => {
    const permits = semaphore(1)
    permits.tryAcquire()
    return { wait: () => permits.acquire(), free: () => permits.release() }
  },
  'semaphore, all permits at once': () => {
    const permits = semaphore(3)
    permits.tryAcquire(3)
    return { wait: () => permits.acquire(3), free: () => permits.release(3) }
  },
  rateLimiter: (clock) => {
    const limiter = rateLimiter(1, 1)
    limiter.allow()
    const free = () => {
      clock.block(1000)
      limiter.tokens()
    }
    return { wait: () => limiter.wait(), free }
  },
  'rateLimiter, a reservation that is canceled': (clock) => {
    const limiter = rateLimiter(1, 1)
    const [reserved, start] = [[limiter.reserve()], clock.now()]
    const free = () => {
      const reservation = reserved.pop()
      if (reservation !== undefined && clock.now() === start) return reservation.cancel()
      clock.block(1000)
      limiter.tokens()
    }
    return { wait: () => limiter.wait(), free }
  },
  'chan receive': () => {
    const ch = chan<number>()
    return { wait: () => ch.receive(), free: () => void subscribed(ch.send(7)) }
  },
  'chan receive, with a buffer': () => {
    const ch = chan<number>(2)
    return { wait: () => ch.receive(), free: () => void ch.trySend(7) }
  },
  'waitGroup.wait': () => {
    const group = waitGroup()
    group.add(1)
    return { wait: () => group.wait(), free: () => group.done(), isShared: true }
  },
  'errgroup.wait': () => {
    const [group, gate] = [errgroup(), chan<never>()]
    group.go(() => gate.receive())
    return { wait: () => group.wait(), free: () => gate.close(), isShared: true }
  },
  'pool.wait': () => {
    const [tasks, gate] = [pool<unknown>({ size: 1 }), chan<never>()]
    tasks.go(() => gate.receive())
    return { wait: () => tasks.wait(), free: () => gate.close(), isShared: true }
  },
  'goroutine.join': () => {
    const gate = chan<never>()
    const goroutine = go(() => gate.receive())
    return { wait: () => goroutine.join(), free: () => gate.close(), isShared: true }
  },
  'chan closed': () => {
    const ch = chan<never>()
    return { wait: () => ch.closed(), free: () => ch.close(), isShared: true }
  },
}

/** `f` is performed for all callers, until the gate is closed. */
function gated(make: (f: () => Op<unknown>) => () => Job<unknown>): Subject<Job<unknown>> {
  const gate = chan<never>()
  return { wait: make(() => gate.receive()), free: () => gate.close(), isShared: true }
}

const jobs: Record<string, () => Subject<Job<unknown>>> = {
  'once.do': () => {
    const first = once()
    return gated((f) => () => first.do(f))
  },
  onceValue: () => gated(onceValue),
  'singleflight.do': () => {
    const flights = singleflight<string, unknown>()
    return gated((f) => () => flights.do('key', f))
  },
  'syncMap.loadOrCompute': () => {
    const map = syncMap<string, unknown>()
    return gated((f) => () => map.loadOrCompute('key', f))
  },
  'cond.wait': () => {
    const mu = mutex()
    const ready = cond(mu)
    let got = 0
    const wait = () =>
      timeout(1e6, function* () {
        using _guard = yield* mu.lock()
        yield* ready.wait()
        got++
      })
    return { wait, free: () => ready.signal(), got: () => got }
  },
  'cond.wait, of a lock with several permits': () => {
    const permits = semaphore(100)
    permits.tryAcquire(50)
    const ready = cond({ lock: () => permits.acquire(), unlock: () => permits.release() })
    let got = 0
    return { wait: () => ready.wait().map(() => void got++), free: () => ready.signal(), got: () => got }
  },
  'pool.drain, performed by another': () => {
    const [tasks, gate] = [pool<unknown>({ size: 1 }), chan<never>()]
    tasks.go(() => gate.receive())
    return { wait: () => timeout(1e6, () => tasks.wait()), next: () => tasks.drain(), free: () => gate.close(), isShared: true }
  },
}

/** The result of a case that has won in place of the share. */
const LOST = Symbol('lost')

class Round<W extends Op<unknown> | Job<unknown>> {
  readonly gaveUp: Outcome<unknown>[] = []
  private _next: Outcome<unknown> | null = null

  constructor(
    readonly subject: Subject<W>,
    readonly wait: () => W,
    readonly clock: VirtualTime,
  ) {}

  /** Performs a wait that will be given up, and queues the next behind it. */
  async park(op: Op<unknown> | Job<unknown>, perform = performed): Promise<Outcome<unknown>> {
    const outcome = perform(op)
    this.gaveUp.push(outcome)
    await settle()
    await this.queueNext()
    return outcome
  }

  async queueNext(): Promise<void> {
    this._next = this._performNext()
    await settle()
  }

  private _performNext(): Outcome<unknown> {
    const { subject } = this
    return performed((subject.next ?? subject.wait)())
  }

  async check(): Promise<void> {
    const { subject, gaveUp, _next: next } = this
    await settle()
    const holders = subject.got === undefined ? gaveUp.filter(holds).length : subject.got() - (next?.now.is === 'done' ? 1 : 0)
    if (holders > 0 && !subject.isShared) {
      expect([holders, next?.now]).toEqual([1, waiting])
      subject.free()
      await settle()
    }
    expect(next?.now.is).toBe('done')
    const last = this._performNext()
    await settle()
    if (subject.isShared) return expect(last.now.is).toBe('done')
    expect(last.now).toEqual(waiting)
    subject.free()
    await settle()
    expect(last.now.is).toBe('done')
  }
}

function holds({ now }: Outcome<unknown>): boolean {
  return now.is === 'done' && now.value !== LOST && (now.value as { _tag?: string } | undefined)?._tag !== 'Left'
}

type Way<W extends Op<unknown> | Job<unknown>> = (round: Round<W>) => Promise<void>

const lostTo = (other: { receive(): Op<unknown> }) => other.receive().map(() => LOST)

/** The ways of a select, which takes operations only. */
const waysOfSelect: Record<string, Way<Op<unknown>>> = {
  'polled by trySelect': async (round) => {
    trySelect([round.wait()])
    await round.queueNext()
    round.subject.free()
  },
  'polled by a select that finds another case ready': async (round) => {
    const other = chan<number>(1)
    for (let i = 0; i < 8; i++) {
      other.trySend(i)
      await select([round.wait(), other.receive()])
    }
    await round.queueNext()
    round.subject.free()
  },
  'free, and behind the case that a biased select takes': async (round) => {
    const other = chan<number>(1)
    round.subject.free()
    other.trySend(1)
    await select([other.receive(), round.wait()], { biased: true })
    await round.queueNext()
  },
  'parked in a select that another case wins in the same turn': async (round) => {
    const other = chan<number>()
    await round.park(choose(round.wait(), lostTo(other)))
    other.trySend(1)
    round.subject.free()
  },
  'granted in a select before another case is ready': async (round) => {
    const other = chan<number>()
    await round.park(choose(choose(lostTo(other), round.wait()), lostTo(other)))
    round.subject.free()
    other.trySend(1)
  },
  'granted in a select that is then left': async (round) => {
    const left = await round.park(choose(chan().receive(), choose(round.wait(), chan().receive())))
    round.subject.free()
    left.leave()
  },
  'parked twice in a select that is left': async (round) => {
    const left = await round.park(choose(round.wait(), round.wait()))
    round.subject.free()
    left.leave()
  },
  'granted to a subscription that is left': async (round) => {
    const left = await round.park(round.wait(), subscribed)
    round.subject.free()
    left.leave()
  },
}

const waysOfAll: Record<string, Way<Op<unknown> | Job<unknown>>> = {
  'made and not performed': async (round) => {
    void round.wait()
    void round.wait().map(String).within(background).attempt()
    await round.queueNext()
    round.subject.free()
  },
  'performed under a context that has ended': async (round) => {
    const over = withCancel(background)
    over.cancel()
    await round.park(round.wait().within(over))
    round.subject.free()
  },
  'performed with a timeout of zero': async (round) => {
    await round.park(round.wait().timeout(0))
    round.subject.free()
  },
  'canceled before its first step': async (round) => {
    const outcome = performed(round.wait())
    outcome.leave()
    await round.queueNext()
    round.subject.free()
  },
  'parked, and canceled': async (round) => {
    ;(await round.park(round.wait())).leave()
    await settle()
    round.subject.free()
  },
  'canceled before the grant, in the same turn': async (round) => {
    ;(await round.park(round.wait())).leave()
    round.subject.free()
  },
  'canceled after the grant': async (round) => {
    const left = await round.park(round.wait())
    round.subject.free()
    left.leave()
  },
  'its context ends before the grant, in the same turn': async (round) => {
    const ctx = withCancel(background)
    await round.park(round.wait().within(ctx))
    ctx.cancel()
    round.subject.free()
  },
  'its context ends after the grant, in the same turn': async (round) => {
    const ctx = withCancel(background)
    await round.park(round.wait().within(ctx))
    round.subject.free()
    ctx.cancel()
  },
  'its context ends after the grant, and it is canceled': async (round) => {
    const ctx = withCancel(background)
    const left = await round.park(round.wait().within(ctx))
    round.subject.free()
    ctx.cancel()
    left.leave()
  },
  'its timeout ends in the turn of the grant': async (round) => {
    const { clock, subject } = round
    await round.park(round.wait().timeout(10))
    clock.block(10)
    subject.free()
    await clock.advance(0)
  },
}

const forms: Record<string, <W extends Op<unknown> | Job<unknown>>(wait: W) => W> = {
  plain: (wait) => wait,
  'mapped, attempted, within a context': (wait) =>
    wait
      .map((value) => value)
      .within(withCancel(background))
      .attempt() as typeof wait, // as made
}

describe.each(Object.entries(forms))('%s', (_, form) => {
  describe.each(Object.entries(operations))('%s', (_, make) => {
    it.each([...Object.entries(waysOfAll), ...Object.entries(waysOfSelect)])('%s: the next gets it', async (_, way) => {
      using clock = virtualTime()
      const subject = make(clock)
      const round = new Round(subject, () => form(subject.wait()), clock)
      await way(round)
      await round.check()
    })
  })

  describe.each(Object.entries(jobs))('%s', (_, make) => {
    it.each(Object.entries(waysOfAll))('%s: the next gets it', async (_, way) => {
      using clock = virtualTime()
      const subject = make()
      const round = new Round(subject, () => form(subject.wait()), clock)
      await way(round)
      await round.check()
    })
  })
})

describe.each([
  ['unbuffered', 0],
  ['with a full buffer', 1],
])('chan send, %s', (_, capacity) => {
  it.each([...Object.entries(waysOfAll), ...Object.entries(waysOfSelect)])('%s: no value is lost or sent twice', async (_, way) => {
    using clock = virtualTime()
    const ch = chan<number>(capacity)
    const received: number[] = []
    const free = () => {
      const value = ch.tryReceive()
      if (value._tag === 'Right') received.push(value.right)
      return value._tag === 'Right'
    }
    if (capacity > 0) ch.trySend(0)
    const subject = { wait: () => ch.send(1), next: () => ch.send(2), free }
    const round = new Round<Op<unknown>>(subject, subject.wait, clock)
    await way(round)
    do await settle()
    while (free())
    // A select that polls sends as long as it finds room; a waiter that left after the grant has sent its value.
    const sent = received.filter((value) => value === 1).length
    expect(received.filter((value) => value === 2)).toEqual([2])
    expect(sent).toBeGreaterThanOrEqual(round.gaveUp.filter(holds).length)
    expect(sent).toBeLessThanOrEqual(1)
  })
})

const boom = new Error('boom')
const throws = (): never => {
  throw boom
}
/** Functions that get a slot, and give it back. */
const functions: Record<string, () => unknown> = {
  'returns at once': () => 1,
  'throws at once': throws,
  'returns a promise that rejects': () => Promise.reject(boom),
  'returns an operation that is given up': () => chan().receive().timeout(0),
  'returns a job that fails': () => timeout(0, () => chan().receive()),
  'is a generator that waits, and throws': function* () {
    yield* chan<never>().receive().timeout(0).attempt()
    throws()
  },
  'takes the slot of a function that fails in its clean-up': function* () {
    try {
      yield* chan<never>().receive().timeout(0)
    } finally {
      throws()
    }
  },
}

const slots = {
  errgroup: () => {
    const group = errgroup()
    group.setLimit(1)
    return { go: (f: () => unknown) => group.go(f), wait: () => group.wait(), isFull: () => !group.tryGo(() => 1) }
  },
  pool: () => {
    const tasks = pool<unknown>({ size: 1 })
    return { go: (f: () => unknown) => tasks.go(f), wait: () => tasks.wait(), isFull: () => tasks.active === 1 }
  },
}

describe.each(Object.entries(slots))('a slot of %s', (_, make) => {
  it.each(Object.entries(functions))('the function %s: the next gets the slot', async (_, f) => {
    using clock = virtualTime()
    const [group, gate] = [make(), chan<never>()]
    const order: number[] = []
    group.go(() => gate.receive())
    await settle()
    expect(group.isFull()).toBe(true)
    group.go(f)
    for (const i of [1, 2]) group.go(() => order.push(i))
    const wait = performed<unknown>(group.wait())
    gate.close()
    await clock.advance(0)
    expect([order, wait.now.is]).toEqual([[1, 2], f === functions['returns at once'] ? 'done' : 'thrown'])
    expect(group.isFull()).toBe(false)
  })
})

it('a slot of a pool that is paused in the turn of the grant goes to the next after the pause', async () => {
  const [tasks, gate] = [pool<unknown>({ size: 1 }), chan<never>()]
  const order: number[] = []
  tasks.go(() => gate.receive())
  for (const i of [1, 2]) tasks.go(() => order.push(i))
  await settle()
  gate.close()
  tasks.pause()
  await settle()
  expect([order, tasks.active, tasks.queued]).toEqual([[], 0, 2])
  tasks.resume()
  tasks.pause()
  await settle()
  expect(order).toEqual([1])
  tasks.resume()
  await tasks.wait()
  expect(order).toEqual([1, 2])
})

/** A large request holds up those behind it that would need no waiting. */
const held: Record<string, () => { large: Op<unknown>; small: Op<unknown> }> = {
  'a writer among readers': () => {
    const rw = rwMutex()
    rw.tryRLock()
    return { large: rw.lock(), small: rw.rLock() }
  },
  'a request for all permits': () => {
    const permits = semaphore(3)
    permits.tryAcquire(2)
    return { large: permits.acquire(3), small: permits.acquire() }
  },
  'a wait for all tokens': () => {
    const limiter = rateLimiter(1e-6, 5)
    limiter.allow(3)
    return { large: limiter.wait(5), small: limiter.wait() }
  },
}

const departures: Record<string, (op: Op<unknown>) => () => void> = {
  canceled: (op) => performed(op).leave,
  'a subscription that is left': (op) => subscribed(op).leave,
  'its context ends': (op) => {
    const ctx = withCancel(background)
    performed(op.within(ctx))
    return () => ctx.cancel()
  },
  'its select takes another case': (op) => {
    const other = chan<number>()
    performed(choose(choose(op, chan().receive()), other.receive()))
    return () => void other.trySend(1)
  },
}

describe.each(Object.entries(held))('%s', (_, make) => {
  it.each(Object.entries(departures))('%s: the next gets it at once', async (_, depart) => {
    using _clock = virtualTime()
    const { large, small } = make()
    const leave = depart(large)
    await settle()
    const next = performed(small)
    await settle()
    expect(next.now).toEqual(waiting)
    leave()
    await settle()
    expect(next.now.is).toBe('done')
  })
})
