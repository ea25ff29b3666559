/** Invalid arguments throw at once and are named in the message. */
import { none } from 'fp-ts/lib/Option.js'
import {
  afterFunc,
  background,
  chan,
  contextKey,
  fromSignal,
  withCancel,
  withDeadline,
  withTimeout,
  withValue,
  withoutCancel,
  type Context,
  type ContextKey,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { virtualTime } from '../support/virtual-time.js'
import { wrapped } from './user-contexts.js'

const key = contextKey<number>('key')
const as = <T>(value: unknown) => value as T // what JavaScript may pass

const needAContext: Record<string, (ctx: Context) => unknown> = {
  'withCancel(parent)': withCancel,
  'withTimeout(parent, ms)': (ctx) => withTimeout(ctx, 1),
  'withDeadline(parent, epochMs)': (ctx) => withDeadline(ctx, 1),
  'withValue(parent, key, value)': (ctx) => withValue(ctx, key, 1),
  'withoutCancel(parent)': withoutCancel,
  'afterFunc(ctx, f)': (ctx) => afterFunc(ctx, () => {}),
  'within(ctx)': (ctx) => chan().receive().within(ctx),
}

describe.each(Object.keys(needAContext))('%s', (where) => {
  const call = needAContext[where]

  it.each([null, undefined])('CX-011 of %s: cannot create context from nil parent', (nothing) => {
    expect(() => call(as(nothing))).toThrow(TypeError)
    expect(() => call(as(nothing))).toThrow(`${where}: expected a Context (cannot create context from nil parent), got ${String(nothing)}`)
  })

  it('a value that is not a context, or lacks a member, throws and is named', () => {
    const complete = wrapped(background)
    const lacking = Object.keys(complete).map((name) => {
      const { [name as keyof Context]: _, ...rest } = complete
      return [rest, 'an object']
    })
    const values = [
      [42, '42'],
      ['ctx', '"ctx"'],
      [new AbortController().signal, 'an instance of AbortSignal'],
      [getContext, 'function getContext'],
    ]
    for (const [value, shown] of [...values, ...lacking])
      expect(() => call(as(value))).toThrow(
        new TypeError(`${where}: expected a Context, with done, err, cause, deadline, value and signal, got ${String(shown)}`),
      )
    expect(lacking).toHaveLength(6)
  })
})

function getContext() {}

describe('withValue', () => {
  it.each([null, undefined])('CX-010 of the key %s: nil key', (nothing) => {
    expect(() => withValue(background, as<ContextKey<number>>(nothing), 1)).toThrow(TypeError)
    expect(() => withValue(background, as<ContextKey<number>>(nothing), 1)).toThrow('nil key')
  })
})

it.each([
  ['withTimeout(parent, ms)', () => withTimeout(as(10), as(undefined))],
  ['withDeadline(parent, epochMs)', () => withDeadline(as(10), as(undefined))],
  ['withValue(parent, key, value)', () => withValue(as(10), as<ContextKey<number>>(undefined), 1)],
])('%s names the parent where it was left out', (where, call) => {
  expect(call).toThrow(new TypeError(`${where}: expected a Context, with done, err, cause, deadline, value and signal, got 10`))
})

describe('a time that is not a number', () => {
  it.each([
    ['withTimeout(parent, ms)', (ms: number) => withTimeout(background, ms)],
    ['withDeadline(parent, epochMs)', (ms: number) => withDeadline(background, ms)],
  ])('throws in %s, and sets no timer', (where, call) => {
    using clock = virtualTime()
    expect(() => call(NaN)).toThrow(new RangeError(`${where}: expected a number of ms, got NaN`))
    expect(() => call(as('10'))).toThrow(new TypeError(`${where}: expected a number of ms, got "10"`))
    expect(() => call(as(undefined))).toThrow(new TypeError(`${where}: expected a number of ms, got undefined`))
    expect(() => call(as(new Date(0)))).toThrow(new TypeError(`${where}: expected a number of ms, got an instance of Date`))
    expect(() => call(as(10n))).toThrow(new TypeError(`${where}: expected a number of ms, got 10n`))
    expect(clock.waiting).toBe(0)
  })
})

describe('other values', () => {
  it.each([null, undefined, 42, {}])('afterFunc throws when f is not a function (%s)', (f) => {
    expect(() => afterFunc(background, as(f))).toThrow(TypeError)
    expect(() => afterFunc(background, as(f))).toThrow('afterFunc(ctx, f): expected a function, got ')
  })

  it.each([null, undefined, 42, {}, new EventTarget(), new AbortController()])(
    'fromSignal throws for a value that is not a signal (%s)',
    (signal) => {
      expect(() => fromSignal(as(signal))).toThrow(TypeError)
      expect(() => fromSignal(as(signal))).toThrow('fromSignal(signal): expected an AbortSignal, got ')
    },
  )

  it.each([
    ['withCancel', (ctx: Context) => withCancel(ctx)],
    ['afterFunc', (ctx: Context) => afterFunc(ctx, () => {})],
    ['within', (ctx: Context) => chan().receive().within(ctx)],
  ])("a user's context whose done() returns no operation is refused by %s", (_, call) => {
    for (const done of [undefined, Promise.resolve(), none]) {
      expect(() => call(wrapped(background, { done: () => as(done) }))).toThrow(TypeError)
      expect(() => call(wrapped(background, { done: () => as(done) }))).toThrow('expected an operation, got ')
    }
  })
})

it('a deadline beyond the range of Date has a text', () => {
  using _clock = virtualTime()
  const ctx = withDeadline(background, 1e18)
  expect(String(ctx)).toBe('context.Background.WithDeadline(1000000000000000000)')
  ctx.cancel()
})
