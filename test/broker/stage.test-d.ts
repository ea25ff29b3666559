import { sleep } from 'millrace'
import { serve, stage, through, type DeliveryWork, type MemoryLink, type Stage } from 'millrace/broker'
import type { Remote, ThreadPool } from 'millrace/threads'
import type { OperatorFunction } from 'rxjs'
import { expectTypeOf, it } from 'vitest'
import * as z from 'zod'

const input = z.object({ at: z.coerce.date(), n: z.number().default(1) })
const output = z.string().transform((text) => text.length)
declare const link: MemoryLink
declare const threads: ThreadPool
declare const remote: Remote<(item: { at: Date; n: number }) => string>

it('the items of a stage are the input of its schema, and its results the output', () => {
  const definition = stage('price', { input, output, key: (item) => item.n }, ({ at, n }) => {
    expectTypeOf(at).toEqualTypeOf<Date>()
    expectTypeOf(n).toEqualTypeOf<number>()
    return sleep(1).map(() => 'text')
  })
  expectTypeOf(definition).toEqualTypeOf<Stage<z.input<typeof input>, number>>()
  expectTypeOf(definition.pool(1)).toEqualTypeOf<OperatorFunction<z.input<typeof input>, number>>()
  expectTypeOf(definition.over(link, { workers: 1 })).toEqualTypeOf<OperatorFunction<z.input<typeof input>, number>>()
  expectTypeOf(through(definition.work)).toEqualTypeOf<DeliveryWork<z.input<typeof input>, number>>()
})
it('work makes the input of the schema of results', () => {
  // @ts-expect-error -- a number is no text
  stage('price', { input, output }, () => 1)
  stage('price', { input, output }, async () => 'text')
  stage('price', { input, output }, function* () { yield* sleep(1); return 'text' }) // prettier-ignore
  stage('price', { input, output }, remote).on(threads).pool(1)
})
it('a number of workers is needed elsewhere', () => {
  const definition = stage('price', { input, output }, remote)
  // @ts-expect-error -- no workers
  definition.over(link, {})
  serve(undefined as never, link, definition)
})
