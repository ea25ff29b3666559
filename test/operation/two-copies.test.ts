// Two copies of the package in one process: two versions among the dependencies, or a bundled and an installed copy.
import { none, some } from 'fp-ts/lib/Option.js'
import * as a from 'millrace'
import { go } from 'millrace'
import { from } from 'rxjs'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'

let b: typeof a
beforeAll(async () => {
  vi.resetModules()
  b = await import('millrace')
})

it('the two copies have their own functions and classes', () => {
  expect(b.chan).not.toBe(a.chan)
  expect(b.CanceledError).not.toBe(a.CanceledError)
})

describe.each([
  ['their goroutine and our channel', () => [b, a]],
  ['our goroutine and their channel', () => [a, b]],
] as const)('%s', (_, copies) => {
  it('meet in one run queue', async () => {
    const [one, other] = copies()
    const jobs = other.chan<number>()
    const results = other.chan<number>(1)
    const worker = one.go(function* () {
      for (const it = one.range(jobs); yield* it.next();) yield* results.send(it.value * 2)
      results.close()
    })
    const feeder = other.go(function* () {
      for (const i of [1, 2, 3]) yield* jobs.send(i)
      jobs.close()
    })
    const seen: number[] = []
    for await (const result of results) seen.push(result)
    expect(seen).toEqual([2, 4, 6])
    await one
      .go(function* () {
        yield* feeder.join()
        yield* worker.join()
      })
      .join()
    expect(one.numGoroutine()).toBe(other.numGoroutine())
  })

  it('the operations of one are cases of the select of the other', async () => {
    const [one, other] = copies()
    const ch = other.chan<number>()
    const select = one.go(function* () {
      return yield* one.select({ value: ch.receive(), never: other.never(), inner: other.choose(other.never(), one.never()) })
    })
    await settle()
    expect(ch.trySend(1)).toBe(true)
    expect(await select.join()).toEqual({ case: 'value', value: some(1) })
  })

  it('map, attempt and within work across', async () => {
    const [one, other] = copies()
    const ch = other.chan<number>(1)
    const ctx = one.withCancel(one.background)
    const goroutine = one.go(function* () {
      const op = ch
        .receive()
        .map((message) => (message._tag === 'Some' ? message.value : -1))
        .within(ctx)
        .attempt()
      return [yield* op, yield* op, yield* op]
    })
    await settle()
    ch.trySend(1)
    await settle()
    ch.close()
    await settle()
    expect(await goroutine.join()).toEqual([1, -1, -1].map((right) => ({ _tag: 'Right', right })))
    ctx.cancel('over')
    await expect(ch.receive().within(ctx)).rejects.toBe('over')
  })

  it('a cancel unwinds a goroutine that waits at the operation of the other, innermost first', async () => {
    const [one, other] = copies()
    const ch = other.chan<number>()
    const log: string[] = []
    function* inner() {
      try {
        yield* ch.receive()
      } finally {
        yield* other.gosched()
        log.push('inner')
      }
    }
    const goroutine = one.go(function* () {
      try {
        yield* inner()
        log.push('never')
      } finally {
        log.push('outer')
      }
    })
    await settle()
    goroutine.cancel('enough')
    await settle()
    expect(log).toEqual(['inner', 'outer'])
    await expect(goroutine.join()).rejects.toMatchObject({ message: 'context canceled', cause: 'enough' })
  })

  it('a context of one ends what is derived from it in the other', async () => {
    const [one, other] = copies()
    const parent = one.withCancel(one.background)
    const child = other.withCancel(parent)
    const waits = performed(other.chan().receive().within(child))
    await settle()
    expect(waits.now).toEqual(waiting)
    parent.cancel('over')
    await settle()
    expect(waits.now).toEqual(thrown('over'))
  })

  it('a close in one copy ends a receive in the other', async () => {
    const [one, other] = copies()
    const ch = other.chan<number>()
    const goroutine = one.go(function* () {
      return [yield* ch.receive(), yield* ch.send(1).attempt(String)]
    })
    await settle()
    ch.close()
    expect(await goroutine.join()).toEqual([none, { _tag: 'Left', left: 'Error: send on closed channel' }])
  })
})

it('a channel of one copy is an observable and an async iterable for the other', async () => {
  const ch = b.chan<number>(1)
  const seen: number[] = []
  from(ch).subscribe((value) => seen.push(value))
  await a
    .go(function* () {
      yield* ch.send(1)
    })
    .join()
  await settle()
  expect(seen).toEqual([1])
})

it('an operation of the other copy iterated outside a goroutine is a clear error', async () => {
  const spread = go(function* () {
    return [...(b.chan().receive() as Iterable<unknown>)]
  })
  await expect(spread.join()).rejects.toThrow('was iterated by something other than yield*')
})
