import { expect, it } from 'vitest'
import { run } from './program.js'

/** For each name the two stores, once for each read by the goroutine. */
const seen = async (...args: string[]) => {
  const { status, stdout, stderr } = await run('async-context', ...args)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout) as Record<string, unknown[]>
}
const times = (n: number, ...stores: unknown[]) => Array.from({ length: n }, () => stores).flat()

it('a goroutine runs in a neutral async context: no store of any request is there', async () => {
  expect(await seen()).toEqual({
    early: times(2, null, null),
    a: times(6, null, null),
    "a's child": [null, null],
    "a's inner child": [null, null],
    b: times(6, null, null),
    "b's child": [null, null],
    "b's inner child": [null, null],
    async: times(2, null, null),
    canceled: times(2, null, null),
    outside: [null, null],
  })
})

it('with keepAsyncContext a goroutine has the stores of its spawner, whatever wakes or cancels it', async () => {
  expect(await seen('keep')).toEqual({
    early: times(2, null, null), // it was spawned before
    a: times(6, 'A', 1),
    "a's child": ['A', 1],
    "a's inner child": ['a, inside', 1],
    b: times(6, 'B', null),
    "b's child": ['B', null],
    "b's inner child": ['b, inside', null],
    async: times(2, 'B', null),
    canceled: times(2, 'B', null),
    outside: [null, null],
  })
})
