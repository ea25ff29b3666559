// A drain that is given up owns the rest of the work, whenever that happens; what fails after that is late.
import { background, chan, errgroup, go, onCrash, onLateFailure, pool, sleep, withCancel, type Job } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { performed } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

let crashes: unknown[] = []
let late: unknown[] = []
let takeBack: (() => void)[] = []
beforeEach(() => {
  ;[crashes, late] = [[], []]
  takeBack = [onCrash((error) => crashes.push(error)), onLateFailure((error) => late.push(error))]
})
afterEach(() => takeBack.forEach((off) => off()))

const over = withCancel(background)
over.cancel(new Error('over'))

/** Performs a drain, and gives it up. */
const ways: Record<string, (drain: Job<unknown>) => Promise<void>> = {
  'under a context that has ended': async (drain) => void (await drain.within(over).attempt()),
  'with a timeout of zero': async (drain) => void (await drain.timeout(0).attempt()),
  'mapped, under a context that has ended': async (drain) => void (await drain.map(String).attempt().within(over).attempt()),
  'by a goroutine that is canceled before it starts': async (drain) => {
    const draining = go(drain)
    draining.cancel()
    await settle()
  },
  'under a context that ends before it starts': async (drain) => {
    const ctx = withCancel(background)
    const draining = go(drain.within(ctx))
    ctx.cancel()
    await draining.join().attempt()
  },
  'by a goroutine that is canceled': async (drain) => {
    const draining = go(drain)
    await settle()
    draining.cancel()
    await settle()
  },
  'by the performer of an operation, before it waits': async (drain) => {
    const performing = go(function* () {
      performing.cancel()
      yield* drain
    })
    await settle()
  },
}

describe.each(['all', 'first'] as const)('errors: %s', (errors) => {
  it.each(Object.entries(ways))('a drain %s cancels the work, which is unwound, and refuses more', async (_, giveUp) => {
    using _time = virtualTime()
    const functions = pool<void>({ size: 1, errors })
    const log: string[] = []
    functions.go(function* () {
      try {
        yield* chan().receive()
      } finally {
        log.push('unwound')
      }
    })
    functions.go(() => void log.push('started'))
    await settle()
    await giveUp(functions.drain())
    expect(log).toEqual(['unwound'])
    expect(() => functions.go(() => {})).toThrow('pool: go on a drained pool')
    expect([functions.active, functions.queued]).toEqual([0, 0])
  })

  it.each(Object.entries(ways))('each failure of an async function after a drain %s is late', async (_, giveUp) => {
    using _time = virtualTime()
    const functions = pool<void>({ size: 3, errors })
    const gate = chan<never>()
    const faults = [new Error('1'), new Error('2'), new Error('3')]
    for (const fault of faults)
      functions.go(async () => {
        await gate.receive()
        throw fault
      })
    await settle()
    await giveUp(functions.drain())
    gate.close()
    await settle()
    expect({ crashes, late: new Set(late), count: late.length }).toEqual({ crashes: [], late: new Set(faults), count: 3 })
  })
})

it('a drain that is performed again after it was given up throws the end of its work', async () => {
  using _time = virtualTime()
  const functions = pool<void>({ size: 1 })
  functions.go(() => sleep(10))
  await settle()
  await functions.drain().within(over).attempt()
  const again = performed(functions.drain())
  await settle()
  expect(again.now.is).toBe('thrown')
})

it('an async function of a group that fails after the end of its context is reported when the wait is left', async () => {
  const ctx = withCancel(background)
  const group = errgroup(ctx)
  const gate = chan<never>()
  const fault = new Error('after the end')
  for (const error of [fault, null])
    group.go(async () => {
      await gate.receive()
      if (error !== null) throw error
      await chan().receive()
    })
  ctx.cancel()
  await settle()
  gate.close()
  await settle()
  const waiting = performed(group.wait())
  await settle()
  waiting.leave()
  await settle()
  expect({ crashes, late }).toEqual({ crashes: [], late: [fault] })
})
