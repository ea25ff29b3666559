import { bubble, type RaceError } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { queue, type Order } from '../../../src/runtime/internal.js'
import { RaceEngine } from '../../../src/testing/race/index.js'
import { edges, type Edge } from './edges.js'

/** The order port without the calls of these names: `put`, `release close`. */
function without(order: Order, drops: readonly string[]): Order {
  return new Proxy(order, {
    get(target, method: keyof Order) {
      const call = target[method].bind(target) as (...args: unknown[]) => unknown
      return (...args: unknown[]) => (drops.includes(method) || drops.includes(`${method} ${String(args[1])}`) ? {} : call(...args))
    },
  })
}

async function raceOf(program: Edge['program'], level: Edge['level'] = 'order', drops: readonly string[] = []): Promise<RaceError | null> {
  const engine = new RaceEngine(level)
  const close = engine.open()
  queue.order = without(engine.order, drops)
  try {
    await bubble(program)
  } finally {
    close()
  }
  return engine.firstRace()
}

describe.each(Object.entries(edges))('%s', (_, { program, drops, without: lacking, level }) => {
  it('silences the program', async () => {
    expect((await raceOf(program, level))?.message).toBeUndefined()
  })
  if (drops !== undefined)
    it('is needed: without it the program has a race', async () => {
      expect((await raceOf(program, level, drops))?.message).toBeDefined()
    })
  if (lacking !== undefined)
    it('is lacking in the other program, which has a race', async () => {
      expect((await raceOf(lacking, level))?.message).toBeDefined()
    })
})
