// The owner of work is waited for at the end of its block.
import { background, chan, errgroup, onCrash, onLateFailure, pool, sleep, type Op } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { performed } from '../support/outcome.js'
import { settle } from '../support/settle.js'

let crashes: unknown[] = []
let late: unknown[] = []
let takeBack: (() => void)[] = []
beforeEach(() => {
  ;[crashes, late] = [[], []]
  takeBack = [onCrash((error) => crashes.push(error)), onLateFailure((error) => late.push(error))]
})
afterEach(() => takeBack.forEach((off) => off()))

const owners = {
  'errgroup()': () => errgroup(),
  'errgroup(ctx)': () => errgroup(background),
  'pool()': () => pool<unknown>({ size: 2 }),
  "pool({ errors: 'first' })": () => pool<unknown>({ size: 2, errors: 'first' }),
}

describe.each(Object.entries(owners))('%s', (_, make) => {
  it('cancels its work at the end of the block, and waits until it is unwound', async () => {
    const log: string[] = []
    {
      await using group = make()
      for (const name of ['a', 'b'])
        group.go(function* () {
          try {
            yield* chan().receive()
          } finally {
            yield* sleep(1)
            log.push(name)
          }
        })
      await settle()
    }
    expect(log.sort()).toEqual(['a', 'b'])
    expect({ crashes, late }).toEqual({ crashes: [], late: [] })
  })

  it('keeps results and failures where its wait is over', async () => {
    await using group = make()
    group.go(() => 1)
    await group.wait()
    expect({ crashes, late }).toEqual({ crashes: [], late: [] })
  })

  it('reports each failure that no wait has thrown, once: before, in a clean-up, and after', async () => {
    const gate = chan<never>()
    const faults = ['in a clean-up', 'after'].map((text) => new Error(text))
    {
      await using group = make()
      group.go(function* () {
        try {
          yield* chan().receive()
        } finally {
          throw faults[0] // eslint-disable-line no-unsafe-finally -- as a clean-up may
        }
      })
      group.go(async () => {
        await gate.receive()
        throw faults[1]
      })
      await settle()
    }
    gate.close()
    await settle()
    expect({ crashes, late }).toEqual({ crashes: [], late: faults })
  })

  it('a wait under way is granted, and sees the failure', async () => {
    const fault = new Error('in a clean-up')
    const group = make()
    group.go(function* () {
      try {
        yield* chan().receive()
      } finally {
        throw fault // eslint-disable-line no-unsafe-finally -- as a clean-up may
      }
    })
    const waiting = performed(group.wait() as Op<unknown>)
    await settle()
    await group[Symbol.asyncDispose]()
    await settle()
    expect(waiting.now).toEqual({ is: 'thrown', cause: fault })
    expect({ crashes, late }).toEqual({ crashes: [], late: [] })
  })
})

it('queued functions never start', async () => {
  const started: number[] = []
  const group = errgroup()
  group.setLimit(1)
  const functions = pool<unknown>({ size: 1 })
  for (const owner of [group, functions])
    for (let i = 0; i < 2; i++)
      owner.go(function* () {
        started.push(i)
        yield* chan().receive()
      })
  await settle()
  await group[Symbol.asyncDispose]()
  await functions[Symbol.asyncDispose]()
  expect(started).toEqual([0, 0])
  expect(() => functions.go(() => {})).toThrow('pool: go on a drained pool')
})
