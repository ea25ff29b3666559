// A choice within a choice counts as one case of the outer, and keeps its own order, bias and context.
import { some } from 'fp-ts/lib/Option.js'
import { background, chan, choose, never, select, sleep, withCancel, type Op } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, thrown, waiting, ways } from '../support/outcome.js'
import { seeded } from '../support/seeded.js'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
const closed = chan<number>()
closed.close()

const ready = (name: string) => closed.receive().map(() => name)

describe.each(ways)('by %s', (_, perform) => {
  it('a select in a select in a select returns the whole path', async () => {
    const ch = chan<number>()
    const lost = [chan<number>(), chan<number>(), chan<number>()]
    const op = select({
      a: lost[0].receive(),
      b: select({ a: lost[1].receive(), b: select([lost[2].receive(), ch.receive()]), c: sleep(Infinity) }),
    })
    const choice = perform(op)
    await settle()
    expect([ch, ...lost].map((each) => waitersOf(each).receivers)).toEqual([1, 1, 1, 1])
    ch.trySend(7)
    await settle()
    expect(choice.now).toEqual(done({ case: 'b', value: { case: 'b', value: { case: 1, value: some(7) } } }))
    expect([ch, ...lost].map(waitersOf)).toEqual([nobody, nobody, nobody, nobody])
  })

  it('a withdrawn nested choice leaves every queue', async () => {
    const channels = upTo(4).map(() => chan<number>())
    const [a, b, c, d] = channels.map((ch) => ch.receive())
    const choice = perform(choose(a, choose(b, choose(c, d).within(withCancel(background)))))
    await settle()
    expect(channels.map((ch) => waitersOf(ch).receivers)).toEqual([1, 1, 1, 1])
    if (choice.now.is === 'waiting' && _ !== 'await') choice.leave()
    else channels[0].trySend(1)
    await settle()
    expect(channels.map(waitersOf)).toEqual([nobody, nobody, nobody, nobody])
  })

  it('an error thrown by an inner case is thrown by the outer select', async () => {
    const ch = chan<number>()
    const choice = perform(select({ inner: choose(ch.send(1), never()), never: never() }).attempt((cause) => (cause as Error).message))
    await settle()
    ch.close()
    await settle()
    expect(choice.now).toEqual(done({ _tag: 'Left', left: 'send on closed channel' }))
  })
})

it('an inner biased select keeps its order, whatever the outer draws', async () => {
  using _ = seeded(1)
  const inner = select([ready('first'), ready('second'), ready('third')], { biased: true }).map(({ value }) => value)
  const seen = new Set<unknown>()
  for (const _ of upTo(200)) seen.add((await select({ inner, other: ready('other') })).value)
  expect(seen).toEqual(new Set(['first', 'other']))
})

it('an outer biased select keeps its order, and the inner draws', async () => {
  using _ = seeded(2)
  const inner = choose(ready('a'), ready('b'))
  const seen = new Set<unknown>()
  for (const _ of upTo(200)) seen.add((await select({ inner, other: ready('other') }, { biased: true })).value)
  expect(seen).toEqual(new Set(['a', 'b']))
})

it('an inner context that has ended is a ready case, and throws when it is chosen', async () => {
  using _ = seeded(3)
  const ctx = withCancel(background)
  ctx.cancel('over')
  const seen = new Set<string>()
  for (const _ of upTo(200)) {
    const either = await choose(choose(never(), never()).within(ctx), ready('other')).attempt(String)
    seen.add(either._tag === 'Left' ? `thrown: ${either.left}` : either.right)
  }
  expect(seen).toEqual(new Set(['thrown: over', 'other']))
})

it('the same operation twice among the cases waits twice, and goes on once', async () => {
  const ch = chan<number>()
  const receive = ch.receive()
  const choice = performed(select({ a: receive, b: receive, c: choose(receive, receive) }))
  await settle()
  expect(waitersOf(ch).receivers).toBe(4)
  expect(ch.trySend(1)).toBe(true)
  expect(ch.trySend(2)).toBe(false)
  expect(waitersOf(ch)).toEqual(nobody)
  await settle()
  expect(choice.now).toMatchObject({ is: 'done', value: { value: some(1) } })
})

it('one select as two cases of another keeps the two apart', async () => {
  const ch = chan<number>()
  const inner = select({ value: ch.receive(), never: never() })
  const choice = performed(select([inner, inner], { biased: true }))
  await settle()
  expect(ch.trySend(1)).toBe(true)
  await settle()
  expect(choice.now).toEqual(done({ case: 0, value: { case: 'value', value: some(1) } }))
  expect(waitersOf(ch)).toEqual(nobody)
})

it('two nested choices that can only complete with each other do', async () => {
  const ch = chan<string>()
  const both = (name: string): Op<unknown> =>
    select({
      inner: choose(
        ch.send(name).map(() => 'sent'),
        ch.receive(),
      ),
      never: never(),
    })
  const first = performed(both('a'))
  await settle()
  expect(first.now).toEqual(waiting)
  const second = performed(both('b'))
  await settle()
  expect([first.now.is, second.now.is]).toEqual(['done', 'done'])
  expect(waitersOf(ch)).toEqual(nobody)
})

it('attempt and map within a nested choice apply to that choice only', async () => {
  const ch = chan<number>()
  const ctx = withCancel(background)
  const choice = performed(
    select({ inner: choose(ch.send(1).attempt(String), never()).map((either) => either._tag), ended: never().within(ctx) }),
  )
  await settle()
  ch.close()
  await settle()
  expect(choice.now).toEqual(done({ case: 'inner', value: 'Left' }))
  const ended = performed(select({ inner: never(), ended: never().within(ctx) }))
  await settle()
  ctx.cancel('over')
  await settle()
  expect(ended.now).toEqual(thrown('over'))
})
