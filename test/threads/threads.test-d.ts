import { background, type Context, type Job } from 'millrace'
import { workerPool } from 'millrace/operators'
import { onThreads, threadPool } from 'millrace/threads'
import { of } from 'rxjs'
import { expectTypeOf, it } from 'vitest'

const f = onThreads(import.meta, {
  plain: (a: number, b: string) => `${a}${b}`,
  later: async (a: number, _ctx: Context) => a,
  *steps(a: number, _ctx?: Context): Generator<never, boolean> {
    return a > 0
  },
  optional: (a?: number) => a ?? 0,
  rest: (...texts: string[]) => texts,
})

it('the parameters are those of the function, with a context that may be left out', () => {
  expectTypeOf(f.plain).parameters.toEqualTypeOf<[a: number, b: string, ctx?: Context]>()
  expectTypeOf(f.later).parameters.toEqualTypeOf<[a: number, ctx?: Context]>()
  expectTypeOf(f.steps).parameters.toEqualTypeOf<[a: number, _ctx?: Context]>()
  expectTypeOf(f.optional).parameters.toEqualTypeOf<[a?: number, ctx?: Context]>()
  expectTypeOf(f.rest).parameters.toEqualTypeOf<string[]>()
})

it('a call returns a job of the result', () => {
  expectTypeOf(f.plain(1, 'a')).toEqualTypeOf<Job<string>>()
  expectTypeOf(f.later(1, background)).toEqualTypeOf<Job<number>>()
  expectTypeOf(f.steps(1)).toEqualTypeOf<Job<boolean>>()
  expectTypeOf(f.plain.on(threadPool())(1, 'a')).toEqualTypeOf<Job<string>>()
})

it('a remote function is the work of a pool', () => {
  expectTypeOf(of(1).pipe(workerPool(2, f.later))).toHaveProperty('pipe')
})
