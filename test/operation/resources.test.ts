import {
  background,
  chan,
  choose,
  go,
  newTimer,
  never,
  range,
  rateLimiter,
  select,
  sleep,
  withCancel,
  withValue,
  contextKey,
  type Op,
} from 'millrace'
import { expect, it } from 'vitest'
import type { Operation } from '../../src/runtime/internal.js'

const resources = (op: Op<unknown>) => (op as Operation<unknown>).resources() // every Op of the package is one
const kinds = (op: Op<unknown>) => resources(op).map(({ kind }) => kind)

it('an operation names the primitive that it waits for, and the primitive its kind', () => {
  const ch = chan<number>()
  const ctx = withCancel(background)
  const timer = newTimer(Infinity)
  const limiter = rateLimiter(1, 1)
  const handle = go(function* () {})
  const cases: [string, object, Op<unknown>][] = [
    ['chan', ch, ch.send(1)],
    ['chan', ch, ch.receive()],
    ['chan', ch, range(ch).next()],
    ['context', ctx, ctx.done()],
    ['context', ctx, withValue(ctx, contextKey('key'), 1).done()],
    ['timer', timer, timer.fired()],
    ['rateLimiter', limiter, limiter.wait()],
    ['rateLimiter', limiter, limiter.wait(2)],
    ['goroutine', handle, handle.join()],
  ]
  for (const [kind, primitive, op] of cases) {
    expect(resources(op), op.constructor.name).toEqual([primitive])
    expect(resources(op)[0]).toBe(primitive)
    expect(kinds(op)).toEqual([kind])
  }
})

it('a choice names those of its cases, and what wraps an operation those of the operation', () => {
  const [a, b] = [chan<number>(), chan<number>()]
  const ctx = withCancel(background)
  expect(resources(choose(a.receive(), b.send(1)))).toEqual([a, b])
  expect(resources(select({ a: a.receive(), inner: select([b.receive(), ctx.done()]) }))).toEqual([a, b, ctx])
  expect(resources(a.receive().map(String).attempt())).toEqual([a])
  expect(resources(a.receive().within(ctx))).toEqual([ctx, a])
  expect(kinds(select({ promise: Promise.resolve(1) }))).toEqual(['promise'])
})

it('an operation that no primitive can make ready names none', () => {
  for (const op of [sleep(1), never(), background.done(), select({})]) expect(resources(op)).toEqual([])
})
