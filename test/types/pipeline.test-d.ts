// The types of pipelines: stages beyond the ninth, and dead letters.
import { chan } from 'millrace'
import { catchTo, fromIterable, pipeline, workerPool, type DeadLetter } from 'millrace/operators'
import { map, type Observable } from 'rxjs'
import { expectTypeOf, it } from 'vitest'

const toText = map((n: number) => `${n}`)
const toNumber = map((text: string) => Number(text))

it('pipeline keeps the types of up to twenty stages', () => {
  const one = fromIterable([1])
  expectTypeOf(pipeline(one)).toEqualTypeOf<Observable<number>>()
  expectTypeOf(
    pipeline(
      one,
      workerPool(1, async (n) => [n]),
    ),
  ).toEqualTypeOf<Observable<number[]>>()
  // prettier-ignore
  expectTypeOf(pipeline(one, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, map((n) => [n]))).toEqualTypeOf<Observable<number[]>>()
  // prettier-ignore
  expectTypeOf(
    pipeline(one, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, map((text) => text.length > 0)),
  ).toEqualTypeOf<Observable<boolean>>()
  // prettier-ignore
  expectTypeOf(
    pipeline(one, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText, toNumber, toText),
  ).toEqualTypeOf<Observable<unknown>>()
  // @ts-expect-error the first stage takes a string
  pipeline(one, toNumber)
  // @ts-expect-error the second stage takes a string
  pipeline(one, map((n) => [n]), toNumber) // prettier-ignore
})

it('catchTo takes a channel of letters with the type of their items', () => {
  const dead = chan<DeadLetter<string>>(1)
  const lengths = fromIterable(['a']).pipe(
    workerPool(1, async (text) => text.length),
    catchTo(dead),
  )
  expectTypeOf(lengths).toEqualTypeOf<Observable<number>>()
  expectTypeOf(fromIterable([1]).pipe(catchTo(chan<DeadLetter>(1)))).toEqualTypeOf<Observable<number>>()
  expectTypeOf(fromIterable([1]).pipe(catchTo<number>(chan<DeadLetter>(1)))).toEqualTypeOf<Observable<number>>()
  // @ts-expect-error a channel of items is no channel of letters
  catchTo(chan<string>(1))
})
