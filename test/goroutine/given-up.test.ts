/**
 * One rule for all waits that throw a failure: a wait that was made and given up, at whatever point, makes the failure a late failure; a
 * wait that is performed in time throws it, and it is reported nowhere else.
 */
import { background, chan, errgroup, go, onCrash, onLateFailure, pool, select, trySelect, waitGroup, withCancel, type Op } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { performed, subscribed } from '../support/outcome.js'
import { settle } from '../support/settle.js'

let crashes: unknown[] = []
let late: unknown[] = []
let takeBack: (() => void)[] = []
beforeEach(() => {
  ;[crashes, late] = [[], []]
  takeBack = [onCrash((error) => crashes.push(error)), onLateFailure((error) => late.push(error))]
})
afterEach(() => takeBack.forEach((off) => off()))

const boom = new Error('boom')
const over = withCancel(background)
over.cancel(new Error('over'))

/** Runs the function, and returns a maker of waits that throw its failure. */
type Start = (f: () => Promise<void>) => () => Op<unknown>
const waits: Record<string, Start> = {
  'goroutine.join()': (f) => {
    const goroutine = go(f)
    return () => goroutine.join()
  },
  'waitGroup.wait()': (f) => {
    const group = waitGroup()
    group.go(f)
    return () => group.wait()
  },
  'errgroup.wait()': (f) => {
    const group = errgroup()
    group.go(f)
    return () => group.wait()
  },
  'errgroup(ctx).wait()': (f) => {
    const group = errgroup(background)
    group.go(f)
    return () => group.wait()
  },
  'pool.wait()': (f) => {
    const functions = pool({ size: 2 })
    functions.go(f)
    return () => functions.wait()
  },
  'pool.wait() of the first failure': (f) => {
    const functions = pool({ size: 2, errors: 'first' })
    functions.go(f)
    return () => functions.wait()
  },
}

/** Gives up a wait that is made by `make`, before the failure. */
const ways: Record<string, (make: () => Op<unknown>) => Promise<void> | void> = {
  'made and not performed': (make) => void make(),
  'made as a part of an operation that is not performed': (make) => void make().map(String).within(background),
  'polled by trySelect': (make) => void trySelect([make()]),
  'a case of a select that completes at once': async (make) => {
    const ready = chan<number>(1)
    for (let i = 0; i < 4; i++) {
      ready.trySend(1)
      await select([make(), ready.receive()])
    }
  },
  'the second case of a select by order': async (make) => {
    const ready = chan<number>(1)
    ready.trySend(1)
    await select([ready.receive(), make()], { biased: true })
  },
  'performed under a context that has ended': async (make) => void (await make().within(over).attempt()),
  'performed with a timeout of zero': async (make) => void (await make().timeout(0).attempt()),
  'parked, and left': async (make) => {
    const left = subscribed(make())
    await settle()
    left.leave()
  },
}

describe.each(Object.entries(waits))('%s', (_, start) => {
  const failing = () => {
    const gate = chan<never>()
    const make = start(async () => {
      await gate.receive()
      throw boom
    })
    return { gate, make }
  }

  it.each(Object.entries(ways))('%s: the failure is late, and reported once', async (_, giveUp) => {
    const { gate, make } = failing()
    await settle()
    await giveUp(make)
    gate.close()
    await settle()
    expect({ crashes, late }).toEqual({ crashes: [], late: [boom] })
  })

  it.each(Object.entries(ways))('%s, while another waits: that one alone sees the failure', async (_, giveUp) => {
    const { gate, make } = failing()
    await settle()
    const other = performed(make())
    await settle()
    await giveUp(make)
    gate.close()
    await settle()
    expect(other.now).toEqual({ is: 'thrown', cause: boom })
    expect({ crashes, late }).toEqual({ crashes: [], late: [] })
  })

  it('made before the failure and performed in the same turn: the performer alone sees the failure', async () => {
    const { gate, make } = failing()
    const wait = make()
    gate.close()
    await Promise.resolve()
    const outcome = performed(wait)
    await settle()
    expect(outcome.now).toEqual({ is: 'thrown', cause: boom })
    expect({ crashes, late }).toEqual({ crashes: [], late: [] })
  })

  it('granted and given back: the failure is late', async () => {
    const { gate, make } = failing()
    await settle()
    const left = subscribed(make())
    await settle()
    gate.close()
    for (let i = 0; i < 20 && late.length === 0; i++) {
      await Promise.resolve()
      if (i > 2) left.leave()
    }
    await settle()
    expect(crashes).toEqual([])
    expect(late.length).toBeLessThanOrEqual(1)
  })
})
