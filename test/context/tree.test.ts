/** Trees of any size: no stack overflow, and no reference to an ended context is kept. */
import { some } from 'fp-ts/lib/Option.js'
import {
  background,
  contextKey,
  go,
  withCancel,
  withDeadline,
  withoutCancel,
  withTimeout,
  withValue,
  type CancelContext,
  type Context,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { few, survivorsOf } from '../support/survivors.js'
import { canceled, live, stateOf, timedOut } from './context-state.js'
import { wrapped } from './user-contexts.js'

const MANY = 100_000
const cause = new Error('because')
const key = contextKey<string>('key')

/** `MANY` layers over `root`, each derived from the previous layer. */
function deep(root: Context, layer: (ctx: Context, i: number) => Context): Context {
  let ctx = root
  for (let i = 0; i < MANY; i++) ctx = layer(ctx, i)
  return ctx
}

const layers: Record<string, (ctx: Context, i: number) => Context> = {
  withCancel: (ctx) => withCancel(ctx),
  withValue: (ctx, i) => withValue(ctx, contextKey(`k${i}`), i),
  'withTimeout, each later than the last': (ctx, i) => withTimeout(ctx, 3_600_000 + i),
  'all of them': (ctx, i) =>
    [withCancel, (c: Context) => withValue(c, contextKey('k'), i), (c: Context) => withTimeout(c, 3_600_000 + i)][i % 3](ctx),
}

describe.each(Object.keys(layers))('100,000 deep, of %s', (kind) => {
  it('a tree ends, settles its waiters, and answers every query', async () => {
    using clock = virtualTime()
    const root = withTimeout(withValue(background, key, 'outermost'), 3_600_000)
    const innermost = deep(root, layers[kind])
    const waiter = go(() => innermost.done())
    await settle()
    const ask = () => [stateOf(innermost), innermost.value(key), innermost.deadline(), innermost.signal.aborted]
    expect(ask()).toEqual([live, some('outermost'), root.deadline(), false])
    expect(clock.waiting).toBe(1)
    root.cancel(cause)
    await waiter.join()
    expect(ask()).toEqual([canceled(cause), some('outermost'), root.deadline(), true])
    expect(stateOf(withCancel(innermost))).toEqual(canceled(cause))
  })
})

it('100,000 deep, a tree whose deadlines get earlier inward ends from the inside out', async () => {
  using clock = virtualTime()
  const at = clock.now()
  const innermost = deep(background, (ctx, i) => withDeadline(ctx, at + 10_000 + MANY - i))
  await clock.advance(10_001)
  expect(stateOf(innermost)).toEqual(timedOut())
  expect(clock.waiting).toBe(MANY - 1)
})

it('100,000 deep, values are found through withoutCancel', () => {
  const innermost = deep(withValue(background, key, 'outermost'), (ctx) => withoutCancel(ctx))
  expect(innermost.value(key)).toEqual(some('outermost'))
})

it('100,000 wide, a tree ends, and its children can end before it in any order', () => {
  const root = withCancel(background)
  const children = Array.from({ length: MANY }, () => withCancel(root))
  for (let i = 0; i < MANY; i += 2) children[(i * 7919) % MANY].cancel('left before')
  root.cancel(cause)
  const left = children.filter((ctx) => stateOf(ctx).cause === 'left before').length
  const ended = children.filter((ctx) => stateOf(ctx).cause === cause).length
  expect([left, ended]).toEqual([MANY / 2, MANY / 2])
})

describe('a parent keeps nothing', () => {
  const ends: Record<string, (child: CancelContext) => void> = {
    canceled: (child) => child.cancel(),
    'canceled while others wait for it': (child) => {
      void child.signal
      go(() => child.done())
      child.cancel()
    },
  }
  const derivations: Record<string, (parent: Context) => CancelContext> = {
    withCancel,
    withTimeout: (parent) => withTimeout(parent, 1000),
    'withCancel under a value': (parent) => withCancel(withValue(parent, key, 'v')),
    'withCancel under a context of the user’s own': (parent) => withCancel(wrapped(parent)),
  }
  const rounds = Object.keys(derivations).flatMap((kind) => Object.keys(ends).map((how) => [kind, how] as const))

  it.each(rounds)('CX-005 of a %s that was %s, in 1,000 rounds', async (kind, how) => {
    using clock = virtualTime()
    const parent = withCancel(background)
    const survivors = await survivorsOf(1000, () => {
      const child = derivations[kind](parent)
      ends[how](child)
      return child
    })
    expect(survivors).toBeLessThan(few())
    expect(clock.waiting).toBe(0)
    expect(stateOf(parent)).toEqual(live)
  })

  it('but keeps children that have not ended', async () => {
    const parent = withCancel(background)
    expect(await survivorsOf(1000, () => withCancel(parent))).toBe(1000)
    expect(stateOf(parent)).toEqual(live)
  })
})
