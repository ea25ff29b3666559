/** The random pipelines know every operator: a new export of `millrace/operators` is drawn, or left out with a reason. */
import { expect, it, vi } from 'vitest'
import * as fc from 'fast-check'
import { check } from './check.js'
import { pipelinePlan } from './plan.js'

const calls = vi.hoisted(() => new Map<string, number>())

vi.mock(import('millrace/operators'), async (original) => {
  const real = await original()
  const counted = Object.entries(real).map(([name, value]) => [name, isPlain(value) ? counting(name, value) : value] as const)
  return Object.fromEntries(counted)

  function isPlain(value: unknown): value is (...args: unknown[]) => unknown {
    return typeof value === 'function' && !Function.prototype.toString.call(value).startsWith('class')
  }

  function counting(name: string, f: (...args: unknown[]) => unknown) {
    calls.set(name, 0)
    return (...args: unknown[]): unknown => {
      calls.set(name, (calls.get(name) ?? 0) + 1)
      return f(...args)
    }
  }
})

/** Functions that random pipelines do not call, and why. */
const leftOut: Readonly<Record<string, string>> = {
  graph: 'a report without a subscription: test/operators/graph.test.ts',
  pipeline: 'the types of pipe(): test/operators/pipeline.test.ts',
  strictDemand: 'every warning becomes an error: test/operators/matrix.test.ts',
  trailOf: 'looks at an error: test/operators/trail-of.test.ts',
}

it('every function of millrace/operators is called by random pipelines, or left out with a reason', async () => {
  const run = await fc.check(fc.asyncProperty(pipelinePlan, check), { numRuns: 600, seed: 1 })
  expect(run.failed, String(run.errorInstance)).toBe(false)
  const never = [...calls].filter(([, count]) => count === 0).map(([name]) => name)
  expect(never.sort()).toEqual(Object.keys(leftOut).sort())
}, 600_000)
