/** The end of a channel that a thread has no more: what it has not taken returns while its job goes on. */
import { afterAll, describe, expect, it } from 'vitest'
import { chan, go, gosched, never, select, type Chan } from '../../src/runtime/index.js'
import { queue } from '../../src/runtime/internal.js'
import type { Trial } from '../../src/testing/index.js'
import type { FarEnd } from '../../src/adapters/threads/channels/far-end.js'
import { FarLinks } from '../../src/adapters/threads/channels/far-links.js'
import { HomeLink } from '../../src/adapters/threads/channels/home-link.js'
import { COLLECTED, CREDIT, VALUES, type Post } from '../../src/adapters/threads/channels/link.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { portionOf } from '../support/portion.js'
import { hostTurn, settle } from '../support/settle.js'
import { makeHost } from './real-threads.js'
import { beginning, settings } from './suite.js'
import { work } from './work.js'
import { exploreCounted, printsSchedules } from './explored.js'

printsSchedules('collected-ends')

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

function filled(values: readonly number[]): Chan<number> {
  const ch = chan<number>(values.length)
  for (const value of values) ch.trySend(value)
  return ch
}

/** What is in a channel now. */
function restOf(ch: Chan<number>): number[] {
  const rest: number[] = []
  for (let one = ch.tryReceive(); one._tag === 'Right'; one = ch.tryReceive()) rest.push(one.right)
  return rest
}

describe('over a thread whose garbage is collected', () => {
  const pool = new Threads(settings, makeHost())
  afterAll(() => pool[Symbol.asyncDispose]())

  it.each([3, 7, 12])('values that were not taken are at the head again while the job runs: after %i', async (taken) => {
    const jobs = filled(upTo(20))
    const { word } = beginning()
    const dropping = go(work.drops.on(pool)(jobs, taken, word))
    while (Atomics.load(word, 0) === 0 || jobs.size < 20 - taken) await hostTurn()
    expect(restOf(jobs)).toEqual(upTo(20).slice(taken))
    Atomics.store(word, 0, 2)
    await dropping.join()
    expect(jobs.size).toBe(0)
  })

  it('an end at which a goroutine waits is not collected', async () => {
    const jobs = chan<number>()
    const { word } = beginning()
    const waiting = go(work.waitsAlone.on(pool)(jobs, word))
    while (Atomics.load(word, 0) < 20) await hostTurn() // collections of the thread
    await jobs.send(42)
    expect(await waiting.join()).toBe(42)
  })
})

/** Steps of the run queue that are taken in order. */
function lane(deliver: Post): Post {
  const waiting: [number, unknown][] = []
  return (op, payload) => {
    waiting.push([op, payload])
    queue.push({ scope: queue.scopeHere, run: () => deliver(...(waiting.shift() as [number, unknown])) }) // one for each step
  }
}

/** One end in a thread: it takes some values, gives up a wait, and is collected; a goroutine here takes the rest. */
function* collects(trial: Trial) {
  const values = upTo(7)
  const home = chan<number>(trial.choose(4))
  const knows = chan<null>(1)
  const toFar = lane((op, payload) => far.receive(link.spec.id, op, payload))
  const link = new HomeLink(0, home as Chan<unknown>, (_link, op, payload) => toFar(op, payload))
  const toHome = lane((op, payload) => {
    link.receive(op, payload)
    if (op === COLLECTED) knows.trySend(null)
  })
  const far = new FarLinks(
    (_id, op, payload) => toHome(op, payload),
    () => 0,
  )
  const args: unknown[] = [null]
  far.add(1, [link.spec], args)
  const end = args[0] as Chan<number> // by its place
  const taken: number[] = []
  const sending = go(function* () {
    for (const value of values) yield* home.send(value)
    home.close()
  })
  const most = trial.choose(6)
  const takes = function* () {
    while (taken.length < most) {
      const message = yield* end.receive()
      if (message._tag === 'Some') taken.push(message.value)
    }
  }
  yield* go(takes).join()
  const givesUp = go(function* () {
    const message = yield* end.receive()
    if (message._tag === 'Some') taken.push(message.value)
  })
  for (let i = trial.choose(4); i > 0; i--) yield* gosched()
  givesUp.cancel()
  yield* givesUp.join().attempt()
  for (let i = trial.choose(4); i > 0; i--) yield* gosched()
  const isTaker = trial.choose(2) === 1 // here, while values are on their way
  far.collected(link.spec.id)
  if (!isTaker) yield* knows.receive()
  const rest: number[] = []
  while (taken.length + rest.length < values.length) {
    const message = yield* home.receive()
    if (message._tag === 'Some') rest.push(message.value)
  }
  yield* sending.join()
  if (isTaker) rest.sort((a, b) => a - b)
  expect([...taken, ...rest]).toEqual(values)
  far.release(1)
  link.end()
  expect(home.tryReceive()).toEqual({ _tag: 'Left', left: 'closed' })
}

it.each(['random', 'pct'] as const)(
  'collected at any point, under %s schedules: each value is taken once, in order, and those that were not are at the head here',
  async (strategy) => {
    await exploreCounted(collects, { schedules: portionOf(500), strategy })
  },
)

describe('an end', () => {
  const ends = (): { readonly far: FarLinks; readonly collected: () => boolean; readonly end: Chan<number> } => {
    let isCollected = false
    const far = new FarLinks(
      (_id, op) => void (isCollected ||= op === COLLECTED),
      () => 0,
    )
    const args: unknown[] = [null]
    far.add(1, [{ id: 1, index: 0, receives: true, sends: true, taken: new Int32Array(new SharedArrayBuffer(4)) }], args)
    return { far, collected: () => isCollected, end: args[0] as Chan<number> } // by its place
  }
  const held = (far: FarLinks): boolean => {
    const end = (Reflect.get(far, '_ends') as Map<number, FarEnd>).get(1)
    return Reflect.get(end as FarEnd, '_held') !== null
  }

  it('is held while a goroutine waits to receive or to send there, and no longer', async () => {
    const { far, end } = ends()
    expect(held(far)).toBe(false)
    const receiving = go(function* () {
      return yield* end.receive()
    })
    await settle()
    expect(held(far)).toBe(true)
    far.receive(1, VALUES, [5])
    expect(await receiving.join()).toMatchObject({ value: 5 })
    expect(held(far)).toBe(false)
    const sending = go(function* () {
      for (const value of [1, 2]) yield* end.send(value) // there is credit for one
    })
    await settle()
    expect(held(far)).toBe(true)
    far.receive(1, CREDIT, 1)
    await sending.join()
    await settle()
    expect(held(far)).toBe(false)
    const leaving = go(function* () {
      return yield* select({ message: end.receive(), never: never() })
    })
    await settle()
    expect(held(far)).toBe(true)
    leaving.cancel()
    await leaving.join().attempt()
    await settle()
    expect(held(far)).toBe(false)
  })

  it('that nobody has says so once: at its collection, or at the end of its call', () => {
    const first = ends()
    first.far.collected(1)
    expect(first.collected()).toBe(true)
    const second = ends()
    second.far.release(1)
    second.far.collected(1)
    expect(second.collected()).toBe(false)
  })
})
