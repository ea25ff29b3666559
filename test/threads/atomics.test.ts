/** The boxes of Go's `sync/atomic`: beside a model, beside Go, and on real threads. */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { all, go } from '../../src/runtime/index.js'
import { atomicInt32, atomicValue, inline, shared, type AtomicValue } from '../../src/adapters/threads/index.js'
import { InlineHost } from '../../src/adapters/threads/hosts/inline-host.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { portionOf } from '../support/portion.js'
import { hostTurn } from '../support/settle.js'
import { kinds, memories, modeled, performed, programOf } from './atomics.js'
import { makeHost } from './real-threads.js'
import { failure, settings } from './suite.js'
import { work } from './work.js'

describe.each(['plain', 'shared'] as const)('an integer over %s memory', (memory) => {
  it.each(kinds)('%s does what a number of its width does', (kind) => {
    fc.assert(
      fc.property(programOf(kind), (program) => {
        expect(performed(kind, memories[memory][kind](), program)).toEqual(modeled(kind, program))
      }),
      { numRuns: portionOf(300) },
    )
  })

  // The results are those of Go 1.26.
  it.each([
    ['atomicInt32', 'add', 2n ** 31n - 1n, 1n, '-2147483648'],
    ['atomicInt32', 'add', -(2n ** 31n), -1n, '2147483647'],
    ['atomicUint32', 'add', 0n, -1n, '4294967295'],
    ['atomicUint32', 'add', 2n ** 32n - 1n, 1n, '0'],
    ['atomicInt64', 'add', 2n ** 63n - 1n, 1n, '-9223372036854775808'],
    ['atomicUint64', 'add', 0n, -1n, '18446744073709551615'],
    ['atomicInt32', 'and', -1n, 0xf0n, '-1'],
    ['atomicUint32', 'or', 0xf0n, 0x0fn, '240'],
  ] as const)('%s: %s wraps around and returns what Go returns', (kind, op, first, operand, result) => {
    expect(
      performed(kind, memories[memory][kind](), [
        ['store', first, 0n],
        [op, operand, 0n],
      ]),
    ).toEqual(['-', result])
  })

  it('begins with its first value', () => {
    expect(memory === 'plain' ? atomicInt32(-7).load() : shared.atomicInt32(-7).load()).toBe(-7)
    expect(shared.atomicUint64(-1n).load()).toBe(2n ** 64n - 1n)
  })

  it.each(kinds)('%s: a value of the other type changes nothing', (kind) => {
    const box = memories[memory][kind]()
    const bad = (kind.endsWith('32') ? 1n : 1) as never
    for (const use of [() => box.store(bad), () => box.add(bad), () => box.swap(bad), () => box.and(bad), () => box.or(bad)])
      expect(use).toThrow(TypeError)
    expect(() => box.compareAndSwap(0 as never, bad)).toThrow(TypeError)
    expect(Number(box.load())).toBe(0)
  })
})

describe('a value', () => {
  const values = fc.array(fc.tuple(fc.constantFrom('store', 'swap', 'cas', 'load'), fc.nat(2), fc.nat(2)), { maxLength: 40 })
  const texts = [{ a: [1, null] }, 'ü'.repeat(20), { a: [1, 2] }]

  it('over shared memory does what a variable does, by the JSON text of its value', () => {
    fc.assert(
      fc.property(values, (program) => {
        const box = shared.atomicValue<unknown>(texts[0], { bytes: 64 })
        let at = 0
        for (const [op, i, j] of program) {
          if (op === 'store') box.store(texts[i])
          else if (op === 'swap') expect(box.swap(texts[i])).toEqual(texts[at])
          else if (op === 'cas') expect(box.compareAndSwap(structuredClone(texts[i]), texts[j])).toBe(i === at)
          if (op === 'store' || op === 'swap') at = i
          if (op === 'cas' && i === at) at = j
          expect(box.load()).toEqual(texts[at])
        }
      }),
      { numRuns: portionOf(200) },
    )
  })

  it('over plain memory is the value itself', () => {
    const first = { n: 1 }
    const box = atomicValue(first)
    expect(box.load()).toBe(first)
    expect(box.compareAndSwap({ n: 1 }, { n: 2 })).toBe(false)
    expect(box.compareAndSwap(first, { n: 2 })).toBe(true)
    expect(box.swap(first)).toEqual({ n: 2 })
  })

  it.each([
    ['a date', { at: new Date(0) }],
    ['NaN', [NaN]],
    ['undefined', { a: undefined }],
    ['a hole', Array(1)],
    ['a function', () => 1],
    ['a bigint', 1n],
  ])('over shared memory refuses %s, and keeps its value', (_name, value: unknown) => {
    const box = shared.atomicValue<unknown>(1)
    for (const use of [
      () => box.store(value),
      () => box.swap(value),
      () => box.compareAndSwap(1, value),
      () => box.compareAndSwap(value, 1),
    ])
      expect(use).toThrow(/^shared.atomicValue.*expected data of JSON/)
    expect(box.load()).toBe(1)
  })

  it('over shared memory refuses a ring, and a text that has no room', () => {
    const ring: unknown[] = []
    ring.push([ring])
    expect(() => shared.atomicValue(ring)).toThrow('expected data of JSON')
    expect(() => shared.atomicValue('12345', { bytes: 6 })).toThrow('at most 6 bytes, got 7 bytes')
  })
})

const hosts = { threads: makeHost(), inline: new InlineHost(2) }

describe.each(['threads', 'inline'] as const)('as arguments, on %s', (name) => {
  const pool = new Threads({ ...settings, size: 2 }, hosts[name])
  afterAll(() => pool[Symbol.asyncDispose]())

  it('both sides have the same value, and no step is lost', async () => {
    await pool.ready(work.bumps)
    const bumps = work.bumps.on(pool)
    const boxes = [shared.atomicInt32(), shared.atomicUint64(), shared.atomicValue(0)] as const
    await all([bumps(...boxes, 2000), bumps(...boxes, 2000)])
    expect(boxes.map((box) => Number(box.load()))).toEqual([4000, 4000, 4000])
  })

  it('a reader sees whole values, while others store', async () => {
    await pool.ready(work.stores)
    const box: AtomicValue<string> = shared.atomicValue('a'.repeat(90))
    const storing = go(work.stores.on(pool)(box, 3000))
    const stored = ['a'.repeat(90), 'b'.repeat(9), 'end']
    while (box.load() !== 'end') {
      expect(stored).toContain(box.load())
      await hostTurn()
    }
    await storing.join()
  })

  it('crosses only as an argument of its own, and only over shared memory', async () => {
    const echo = work.echo.on(pool)
    expect(await failure(echo({ box: shared.atomicInt32() }))).toMatchObject({
      message:
        'echo: the argument.box is a shared.atomicInt32, which crosses only as an argument of its own, which cannot be sent to a thread',
    })
    expect(await failure(echo(atomicInt32()))).toMatchObject({
      message: 'echo: the argument is an atomicInt32 over plain memory (use shared.atomicInt32()), which cannot be sent to a thread',
    })
    expect(await failure(echo(atomicValue(1)))).toMatchObject({ name: 'UnclonableError' })
    expect(await failure(echo(shared.atomicInt64()))).toMatchObject({
      message:
        'echo: the result is a shared.atomicInt64, which crosses only as an argument of its own, which cannot be sent back from a thread',
    })
  })
})

it('a host without shared memory says so', () => {
  const { SharedArrayBuffer: kept } = globalThis
  Reflect.deleteProperty(globalThis, 'SharedArrayBuffer')
  try {
    expect(() => shared.atomicInt32()).toThrow('shared.atomicInt32(): this host shares no memory between threads')
  } finally {
    globalThis.SharedArrayBuffer = kept
  }
})

it('inline, boxes are the same values too', async () => {
  using _here = inline()
  const total = shared.atomicInt32()
  await work.bumps(total, shared.atomicUint64(), shared.atomicValue(0), 5)
  expect(total.load()).toBe(5)
})
