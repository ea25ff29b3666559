// RxJS looks for `Symbol.observable` or, when RxJS was loaded without it, for '@@observable'. Millrace is an observable under both
// names, in any order of loading RxJS, Millrace and a polyfill of the symbol.
import { some } from 'fp-ts/lib/Option.js'
import { createRequire } from 'node:module'
import type * as Rxjs from 'rxjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

type Millrace = typeof import('millrace')
type Step = 'millrace' | 'rxjs' | 'the symbol'

const require = createRequire(import.meta.url)
const symbols = Symbol as { observable?: symbol }
const before = symbols.observable

function freshRxjs(): typeof Rxjs {
  for (const path of Object.keys(require.cache)) if (/[\\/]rxjs[\\/]/.test(path)) delete require.cache[path]
  return require('rxjs') as typeof Rxjs
}

async function freshMillrace(): Promise<Millrace> {
  vi.resetModules()
  return await import('millrace')
}

async function loaded(steps: readonly Step[]) {
  delete symbols.observable
  const modules: { millrace?: Millrace; rxjs?: typeof Rxjs } = {}
  for (const step of steps) {
    if (step === 'millrace') modules.millrace = await freshMillrace()
    if (step === 'rxjs') modules.rxjs = freshRxjs()
    if (step === 'the symbol') symbols.observable = Symbol('observable')
  }
  return modules as { millrace: Millrace; rxjs: typeof Rxjs }
}

afterEach(() => {
  if (before === undefined) delete symbols.observable
  else symbols.observable = before
})

const orders: readonly (readonly Step[])[] = [
  ['millrace', 'rxjs'],
  ['rxjs', 'millrace'],
  ['the symbol', 'millrace', 'rxjs'],
  ['the symbol', 'rxjs', 'millrace'],
  ['millrace', 'the symbol', 'rxjs'],
  ['rxjs', 'the symbol', 'millrace'],
  ['millrace', 'rxjs', 'the symbol'],
  ['rxjs', 'millrace', 'the symbol'],
]

describe.each(orders.map((order) => [order.join(', '), order] as const))('loaded in the order %s', (_, order) => {
  it('an operation is an observable: it emits, completes, and is withdrawn', async () => {
    const { millrace, rxjs } = await loaded(order)
    const ch = millrace.chan<number>()
    const seen: unknown[] = []
    const observer = { next: (value: unknown) => seen.push(value), complete: () => seen.push('complete') }
    for (const op of [
      ch.receive(),
      ch.receive().map((value) => value),
      millrace.select({ value: ch.receive() }).map(({ value }) => value),
    ]) {
      rxjs.from(op).subscribe(observer)
      ch.trySend(1)
      await settle()
      expect(seen.splice(0)).toEqual([some(1), 'complete'])

      const subscription = rxjs.from(op).subscribe(observer)
      expect(waitersOf(ch)).toEqual({ senders: 0, receivers: 1 })
      subscription.unsubscribe()
      expect(waitersOf(ch)).toEqual(nobody)
    }
  })

  it('a channel is an observable: it emits what it receives, and is withdrawn from', async () => {
    const { millrace, rxjs } = await loaded(order)
    const ch = millrace.chan<number>()
    const seen: unknown[] = []
    const subscription = rxjs.from(ch).subscribe((value) => seen.push(value))
    await settle()
    ch.trySend(1)
    await settle()
    subscription.unsubscribe()
    expect(seen).toEqual([1])
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('an operation is an observable under both names of the symbol', async () => {
    const { millrace } = await loaded(order)
    const op = millrace.sleep(0) as unknown as Record<PropertyKey, (() => unknown) | undefined>
    expect(op['@@observable']?.()).toBe(op)
    if (symbols.observable !== undefined) expect(op[symbols.observable]?.()).toBe(op)
  })
})
