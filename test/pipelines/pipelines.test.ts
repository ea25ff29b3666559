/**
 * Random pipelines against a list specification: conservation, order, exactly one end and the right one, no hang, no
 * demand that stands still. A failure prints its seed and path, and the shortest pipeline that fails.
 *
 * PIPELINES=100000 npx vitest run test/pipelines tries more; SEED=… begins where a failure was.
 */
import fc from 'fast-check'
import { it } from 'vitest'
import { check } from './check.js'
import { pipelinePlan } from './plan.js'

const { PIPELINES = process.env['MODE'] === 'nightly' ? '1000000' : '2000', SEED } = process.env

it(`${PIPELINES} random pipelines do as their specification says`, async () => {
  await fc.assert(fc.asyncProperty(pipelinePlan, check), {
    numRuns: Number(PIPELINES),
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  })
}, 14_400_000)
