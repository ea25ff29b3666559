/** decode: items pass a schema, and invalid items go to the dead letters. Tried with zod, valibot and arktype. */
import { background, chan, go, range, sleep } from 'millrace'
import { bounds, catchTo, collect, decode, fromIterable, InvalidItemError, retryEach, run, trailOf, type DeadLetter, type InvalidItem, type StandardSchema } from 'millrace/operators' // prettier-ignore
import { bubble } from 'millrace/testing'
import { type } from 'arktype'
import fc from 'fast-check'
import type { Observable } from 'rxjs'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as z from 'zod'

interface Order {
  id: number
  price: number
}

const schemas: [string, StandardSchema<Order>][] = [
  ['zod', z.object({ id: z.number(), price: z.number().min(0) })],
  ['valibot', v.object({ id: v.number(), price: v.pipe(v.number(), v.minValue(0)) })],
  ['arktype', type({ id: 'number', price: 'number >= 0' })],
  ['zod, async', z.object({ id: z.number(), price: z.number().refine(async (n) => Promise.resolve(n >= 0)) })],
  ['valibot, async', v.objectAsync({ id: v.number(), price: v.pipeAsync(v.number(), v.checkAsync(async (n) => Promise.resolve(n >= 0))) })],
] // prettier-ignore

const good = (id: number): Order => ({ id, price: id })
const bad = (id: number): Order => ({ id, price: -1 })

describe.each(schemas)('decode with %s', (_, schema) => {
  it('passes valid items in order, and an invalid item ends the pipeline with its issues', async () => {
    expect(await collect(background, fromIterable([good(1), good(2)]).pipe(decode(schema))).join()).toEqual([good(1), good(2)])
    const end = await collect(background, fromIterable([good(1), bad(2)]).pipe(decode(schema))).join().attempt() // prettier-ignore
    const error = (end as { left: InvalidItemError }).left
    expect(error).toBeInstanceOf(InvalidItemError)
    expect(error).toMatchObject({ name: 'InvalidItemError', stage: 'decode', position: 1 })
    expect(error.issues).toHaveLength(1)
    expect(error.message).toMatch(/^millrace: stage "decode": the item of position 1 is invalid: price: ./)
    expect(trailOf(error)).toMatchObject({ stage: 'decode', position: 1 })
  })
  it('invalid items go to a channel, to a function, to catchTo, or nowhere', async () => {
    const items = [bad(0), good(1), bad(2), good(3)]
    const letters = chan<InvalidItem>(10)
    const given: InvalidItem[] = []
    const dead = chan<DeadLetter>(10)
    for (const ways of [decode(schema, letters), decode(schema, (letter) => given.push(letter)), decode(schema, 'skip')])
      expect(await collect(background, fromIterable(items).pipe(ways)).join()).toEqual([good(1), good(3)])
    expect(await collect(background, fromIterable(items).pipe(decode(schema), catchTo(dead))).join()).toEqual([good(1), good(3)])
    const sent = [letters.tryReceive(), letters.tryReceive()].map((one) => (one as { right: InvalidItem }).right)
    for (const all of [sent, given]) {
      expect(all.map(({ value, position, stage }) => [value, position, stage])).toEqual([[bad(0), 0, 'decode'], [bad(2), 2, 'decode']]) // prettier-ignore
      expect(all.map(({ cause }) => cause.issues.length)).toEqual([1, 1])
    }
    expect(dead.size).toBe(2)
  })
})

describe('decode', () => {
  it('infers the type of the output, of transforms too', () => {
    const items = fromIterable<unknown>([])
    expectTypeOf(items.pipe(decode(z.string().transform((text) => text.length)))).toEqualTypeOf<Observable<number>>()
    expectTypeOf(items.pipe(decode(v.object({ at: v.date() })))).toEqualTypeOf<Observable<{ at: Date }>>()
    expectTypeOf(items.pipe(decode(type({ name: 'string' })))).toEqualTypeOf<Observable<{ name: string }>>()
  })
  it('an output is never taken for work', async () => {
    const asIs = schemaOf((value) => ({ value }))
    const outputs = [fromIterable([1]), sleep(1), Promise.resolve.bind(Promise), undefined, null, [1]]
    const seen = await collect(background, fromIterable(outputs).pipe(decode(asIs))).join()
    expect(seen.map((output, i) => output === outputs[i])).toEqual(outputs.map(() => true))
  })
  it('async validation keeps the order, one item at a time', async () => {
    let running = 0
    await bubble(function* () {
      const slow = schemaOf(async (value: unknown) => {
        expect(++running).toBe(1)
        await sleep(10 - (value as number))
        running--
        return (value as number) % 3 === 0 ? { issues: [{ message: 'three' }] } : { value }
      })
      const left: unknown[] = []
      const seen = yield* collect(background, fromIterable([1, 2, 3, 4, 5, 6]).pipe(decode(slow, ({ value }) => left.push(value)))).join() // prettier-ignore
      expect([seen, left]).toEqual([[1, 2, 4, 5], [3, 6]]) // prettier-ignore
    })
  })
  it('a full channel of dead letters pauses the source, and a cancel withdraws the send', async () => {
    await bubble(function* () {
      let made = 0
      const letters = chan<InvalidItem>()
      const never = schemaOf(() => ({ issues: [{ message: 'no', path: ['a', { key: 0 }] }] }))
      function* items() {
        for (; made < 100;) yield made++
      }
      const running = run(background, fromIterable(items()).pipe(decode(never, letters)))
      yield* sleep(5)
      expect(made).toBe(1)
      const first = yield* letters.receive()
      expect(String((first as { value: InvalidItem }).value.cause)).toBe('InvalidItemError: millrace: stage "decode": the item of position 0 is invalid: a.0: no') // prettier-ignore
      running.cancel()
      yield* running.join().attempt()
      expect(letters.tryReceive()._tag).toBe('Left')
    })
  })
  it('waits for the promise and the operation that a function returns', async () => {
    for (const wait of [async () => sleep(5), () => sleep(5)])
      await bubble(function* ({ now }) {
        const never = schemaOf(async () => Promise.resolve({ issues: [] }))
        yield* run(background, fromIterable([1, 2]).pipe(decode(never, wait))).join()
        expect(now()).toBe(10)
      })
  })
  it('an error that the schema throws is an error of the work: the same object, and to catchTo', async () => {
    const boom = new Error('boom')
    const throws = schemaOf((value) => {
      if (value === 2) throw boom
      return { value }
    })
    const rejects = schemaOf(async (value) => (value === 2 ? Promise.reject(boom) : { value }))
    for (const schema of [throws, rejects]) {
      for (const left of [undefined, () => undefined, 'stop'] as const)
        await expect(collect(background, fromIterable([1, 2, 3]).pipe(decode(schema, left))).join()).rejects.toBe(boom)
      const dead = chan<DeadLetter>(1)
      expect(await collect(background, fromIterable([1, 2, 3]).pipe(decode(schema), catchTo(dead))).join()).toEqual([1, 3])
      expect((dead.tryReceive() as { right: DeadLetter }).right.cause).toBe(boom)
    }
  })
  it('a throw of the function ends the pipeline', async () => {
    const boom = new Error('boom')
    const never = schemaOf(() => ({ issues: [] }))
    const fails = () => {
      throw boom
    }
    await expect(run(background, fromIterable([1]).pipe(decode(never, fails))).join()).rejects.toBe(boom)
  })
  it('each item has one fate, whatever the schema says', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 30 }), async (plan) => {
        const schema = schemaOf((value) => {
          const [isGood, isAsync] = plan[value as number]
          const result = isGood ? { value } : { issues: [{ message: 'bad' }] }
          return isAsync ? Promise.resolve(result) : result
        })
        const letters = chan<InvalidItem>(1)
        const bads: [unknown, number][] = []
        const reading = go(function* () {
          for (const it = range(letters); yield* it.next();) bads.push([it.value.value, it.value.position])
        })
        const seen = await collect(background, fromIterable(plan.map((_, i) => i)).pipe(decode(schema, letters))).join()
        letters.close()
        await reading.join()
        expect(seen).toEqual(plan.flatMap(([isGood], i) => (isGood ? [i] : [])))
        expect(bads).toEqual(plan.flatMap(([isGood], i) => (isGood ? [] : [[i, i]])))
      }),
      { numRuns: 50, seed: 1 },
    ))
  it('two subscriptions count their items apart', async () => {
    const never = schemaOf(() => ({ issues: [] }))
    const positions: number[] = []
    const pipeline = fromIterable([1, 2]).pipe(decode(never, ({ position }) => positions.push(position)))
    await run(background, pipeline).join()
    await run(background, pipeline).join()
    expect(positions).toEqual([0, 1, 0, 1])
  })
  it('ten thousand invalid items in a row are no sign of a source that ignores backpressure', async () => {
    const never = schemaOf((value) => (value === 20_000 ? { value } : { issues: [] }))
    const items = Array.from({ length: 20_001 }, (_, i) => i)
    expect(await collect(background, fromIterable(items).pipe(decode(never, 'skip'), decode(never))).join()).toEqual([20_000])
  })
  it('an invalid item stays invalid: retryEach below does not ask the schema again', async () => {
    let asked = 0
    const counted = schemaOf((value) => {
      asked++
      return value === 1 ? { issues: [{ message: 'one' }] } : { value }
    })
    const dead = chan<DeadLetter>(1)
    const again = retryEach<unknown>(() => 0)
    expect(await collect(background, fromIterable([0, 1, 2]).pipe(decode(counted), again, catchTo(dead))).join()).toEqual([0, 2])
    expect(asked).toBe(3)
    expect((await dead.receive())._tag === 'Some').toBe(true)
    await expect(collect(background, fromIterable([0, 1, 2]).pipe(decode(counted), again)).join()).rejects.toMatchObject({ position: 1 })
  })
  it('holds one item, and says so', () => {
    expect(String(bounds(fromIterable([1]).pipe(decode(z.number()))))).toBe('holds at most 1 item: fromIterable 0, decode 1')
  })
  it.each([
    [[undefined], 'decode(schema): expected a schema that implements Standard Schema, got undefined'],
    [[{ parse: () => 1 }], 'decode(schema): expected a schema that implements Standard Schema, got an object'],
    [[z.number(), 'drop'], 'decode(schema, onInvalid): expected "stop" or "skip", got "drop"'],
    [[z.number(), 5], 'decode(schema, onInvalid): expected "stop", "skip", a Sender or a function, got 5'],
    [[z.number(), null], 'decode(schema, onInvalid): expected "stop", "skip", a Sender or a function, got null'],
    [[z.number(), 'skip', { name: 5 }], 'decode(…, { name }): expected a string, got 5'],
  ])('refuses %o', (args, message) => {
    expect(() => decode(...(args as Parameters<typeof decode>))).toThrow(message)
  })
  it('refuses a result that is none', async () => {
    await expect(run(background, fromIterable([1]).pipe(decode(schemaOf(() => null as never)))).join()).rejects.toThrow(
      'decode(schema): the result of the schema: expected { value } or { issues }, got null',
    )
  })
})

type Result = ReturnType<StandardSchema['~standard']['validate']>
function schemaOf(validate: (value: unknown) => Result): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}
