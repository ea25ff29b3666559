/**
 * Hooks of the process: set through two copies of the package, and taken back in any order. Always true: a hook is in force
 * until its own function takes it back, and is gone from then on.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { readdirSync, readFileSync } from 'node:fs'
import { Subject } from 'rxjs'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { settle } from '../support/settle.js'

const load = async () => ({
  ...(await import('../../src/runtime/index.js')),
  ...(await import('../../src/operators/index.js')),
  ...(await import('../../src/adapters/node/index.js')),
  ...(await import('../../src/testing/index.js')),
})
type Copy = Awaited<ReturnType<typeof load>>

let copies: readonly [Copy, Copy]
beforeAll(async () => {
  const first = await load()
  vi.resetModules()
  copies = [first, await load()]
})

interface Hook {
  /** Sets a hook with this name. */
  readonly set: (copy: Copy, name: string, called: string[]) => () => void
  /** Makes the hooks in force be called, or returns whether there is one. */
  readonly use: (copy: Copy) => unknown
  /** The hooks in force: the last that was set, all in this order, each in any order, or any of them. */
  readonly inForce: 'last' | 'all' | 'each' | 'any'
}

/** The prototype of all generators. */
const generators = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())) as Generator // it has the methods of one
const store = new AsyncLocalStorage<string>()
const fails = () => {
  throw new Error('boom')
}
const unpaced = (copy: Copy): { error: unknown } => {
  const source = new Subject<number>()
  const end = { error: undefined as unknown }
  source.pipe(copy.workerPool(1, () => copy.never())).subscribe({ error: (error: unknown) => (end.error = error) })
  for (let i = 0; i < 3; i++) source.next(i)
  return end
}

/** Whether the report of a late failure says where its goroutine was started. */
async function namesPlaces({ go, chan }: Copy, meanwhile: () => void = () => {}): Promise<boolean> {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const gate = chan()
  const late = go(async () => {
    await gate.receive()
    fails()
  })
  await settle()
  meanwhile()
  late.cancel()
  gate.trySend(1)
  await settle()
  const [[text]] = warned.mock.calls
  warned.mockRestore()
  return String(text).includes('started at')
}

const hooks: Record<string, Hook> = {
  onCrash: {
    set: ({ onCrash }, name, called) => onCrash(() => called.push(name)),
    use: ({ go }) => void go(fails),
    inForce: 'last',
  },
  onLateFailure: {
    set: ({ onLateFailure }, name, called) => onLateFailure(() => called.push(name)),
    use: async ({ go, chan }) => {
      const gate = chan()
      const late = go(async () => {
        await gate.receive()
        fails()
      })
      await settle()
      late.cancel()
      gate.trySend(1)
    },
    inForce: 'last',
  },
  onUnpaced: { set: ({ onUnpaced }, name, called) => onUnpaced(() => called.push(name)), use: unpaced, inForce: 'last' },
  strictDemand: { set: ({ strictDemand }) => strictDemand(), use: (copy) => unpaced(copy).error !== undefined, inForce: 'any' },
  keepAsyncContext: {
    set: ({ keepAsyncContext }) => keepAsyncContext(),
    use: async ({ go }) => (await store.run('A', () => go(() => store.getStore()).join())) === 'A',
    inForce: 'any',
  },
  addProbe: {
    set: ({ addProbe }, name, called) => addProbe({ add: () => called.push(name) }),
    use: ({ waitGroup }) => waitGroup().add(1),
    inForce: 'all',
  },
  // Each copy finds the places of the goroutines that it starts.
  traceStarts: {
    set: ({ traceStarts }) => traceStarts(),
    use: async () => (await namesPlaces(copies[0])) || (await namesPlaces(copies[1])),
    inForce: 'any',
  },
  dumpOnSignal: {
    set: ({ dumpOnSignal }) => dumpOnSignal({ signal: 'SIGUSR2' }),
    use: () => process.listenerCount('SIGUSR2') > 0,
    inForce: 'any',
  },
}

/** Hooks that a receiver or a run holds, and no function takes back. */
const others: Record<string, Hook> = {
  signals: {
    set: ({ signals, go, range }, name, called) => {
      const received = signals('SIGWINCH')
      go(function* () {
        for (const it = range(received); yield* it.next();) called.push(name)
      })
      return () => received.stop()
    },
    use: () => process.emit('SIGWINCH'),
    inForce: 'each',
  },
}

const names = ['a', 'b', 'c']
const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
]

describe.each(Object.entries({ ...hooks, ...others }))('%s', (_, { set, use, inForce }) => {
  it.each(orders)('set by either copy, taken back in the order %i, %i, %i', async (...order) => {
    const called: string[] = []
    const remove = names.map((name, i) => set(copies[i % 2], name, called))
    const left = new Set(names)
    for (const next of order) {
      for (const copy of copies) {
        called.length = 0
        const isInForce = await use(copy)
        await settle()
        if (inForce === 'any') expect(isInForce).toBe(true)
        else expect(inForce === 'each' ? called.sort() : called).toEqual(inForce === 'last' ? [...left].slice(-1) : [...left])
      }
      remove[next]()
      remove[next]()
      left.delete(names[next])
    }
    if (inForce === 'any') expect(await use(copies[0])).toBe(false)
  })

  it.each([
    ['set before a bubble, taken back in it', ['set', 'begin', 'remove', 'end']],
    ['set in a bubble, taken back in it', ['begin', 'set', 'remove', 'end']],
    ['set in a bubble, taken back after it', ['begin', 'set', 'end', 'remove']],
    ['set before a bubble, taken back after it', ['set', 'begin', 'end', 'remove']],
  ])('%s, of either copy', async (_when, steps) => {
    for (const [setter, owner] of [copies, [...copies].reverse()]) {
      const called: string[] = []
      let remove = (): void => {}
      const bubble = bubbleOf(owner)
      for (const step of steps) {
        if (step === 'set') remove = set(setter, 'a', called)
        else if (step === 'remove') remove()
        else await bubble[step as 'begin' | 'end']()
        if (step === 'end' && steps.at(-1) === 'remove') {
          called.length = 0
          const isInForce = await use(copies[0])
          await settle()
          expect(inForce === 'any' ? isInForce : called).toEqual(inForce === 'any' ? true : ['a'])
        }
      }
      called.length = 0
      if (inForce === 'any') expect(await use(copies[0])).toBe(false)
      expect(called).toEqual([])
    }
  })
})

/** A bubble of a copy that is open from `begin` to `end`. */
function bubbleOf({ bubble, sleep }: Copy): Record<'begin' | 'end', () => Promise<unknown>> {
  let isOver = false
  let ended: Promise<unknown> = Promise.resolve()
  return {
    begin: async () => {
      ended = bubble(async () => {
        while (!isOver) await sleep(3_600_000)
      })
      await settle()
    },
    end: () => {
      isOver = true
      return ended
    },
  }
}

describe('what is one for the process', () => {
  it('a bubble of one copy refuses a bubble, an exploration and marbles of the other', async () => {
    for (const [first, second] of [copies, [...copies].reverse()]) {
      const open = bubbleOf(first)
      await open.begin()
      await expect(second.bubble(() => {})).rejects.toThrow('running already')
      await expect(second.explore(() => {})).rejects.toThrow('running already')
      await expect(second.marbles(() => {})).rejects.toThrow('running already')
      await open.end()
      await second.bubble(() => second.sleep(1))
    }
  })

  it('the methods that an unwinding replaces are back, whichever copies unwind, in any order', async () => {
    const plain = [generators.return, Function.prototype.call]
    const log: string[] = []
    for (const order of orders) {
      log.length = 0
      const goroutines = order.map((i, at) => {
        const { go, never, gosched } = copies[i % 2]
        const inner = { [Symbol.iterator]: () => never()[Symbol.iterator]() } // hands on no `return`
        return go(function* () {
          try {
            yield* i === 2 ? inner : never()
          } finally {
            goroutines[(at + 1) % 3].cancel()
            yield* gosched()
            log.push(names[i])
          }
        })
      })
      await settle()
      goroutines[0].cancel()
      await settle()
      expect(log.sort()).toEqual(names)
      expect([generators.return, Function.prototype.call]).toEqual(plain)
    }
  })
})

it('dumpOnSignal names the places of starts until it is stopped', async () => {
  const [copy] = copies
  const stop = copy.dumpOnSignal({ signal: 'SIGUSR2' })
  expect(await namesPlaces(copy)).toBe(true)
  expect(await namesPlaces(copy, stop)).toBe(false) // nothing holds the goroutines that it has seen
})

it('each export that returns a function which takes it back has a row', () => {
  const reports = readdirSync(new URL('test/api/', root)).filter((file) => file.endsWith('.api.md'))
  const declared = reports.flatMap((file) => [
    ...readFileSync(new URL(`test/api/${file}`, root), 'utf8').matchAll(/^export function (\w+)\([^\n]*\): \(\) => void;$/gm),
  ])
  expect(declared.map(([, name]) => name).sort()).toEqual(Object.keys(hooks).sort())
})
