/**
 * Random pipelines against a list specification: conservation, order, exactly one end and the right one, the stated
 * bounds, no hang, and nothing left behind. A failure shrinks to the shortest pipeline, and prints its token.
 *
 * PIPELINES=100000 npx vitest run test/pipelines tries more; SEED=… draws others; PIPELINE=<token> runs
 * one.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { check } from './check.js'
import { pipelinePlan, type PipelinePlan } from './plan.js'
import { fromToken, Tally, toToken } from './tally.js'
import { portionOf } from '../support/portion.js'

const isNightly = process.env['MODE'] === 'nightly'
/** Every run tries the same pipelines, so that a change alone decides; .ci/run tries 12,000 of them, the nightly run draws new ones. */
const some = isNightly ? 1_000_000 : portionOf(1000)
const { PIPELINES = String(some), SEED = isNightly ? String(Date.now() % 2 ** 31) : '1', PIPELINE } = process.env

if (PIPELINE !== undefined) it('the pipeline of the token does as its specification says', () => check(fromToken(PIPELINE)))
else
  it(`${PIPELINES} random pipelines do as their specification says`, async () => {
    const tally = new Tally()
    const property = fc.asyncProperty(pipelinePlan, (plan) => {
      tally.add(plan)
      return check(plan)
    })
    const run = await fc.check(property, { numRuns: Number(PIPELINES), seed: Number(SEED) })
    if (run.counterexample !== null) throw failure(run)
    console.info(`${PIPELINES} pipelines, seed ${run.seed}\n${tally.toString()}`)
    if (Number(PIPELINES) >= 1000) expect(tally.missing, 'never drawn').toEqual([])
  }, 14_400_000)

function failure({ counterexample, errorInstance, seed, counterexamplePath }: fc.RunDetails<[PipelinePlan]>): Error {
  const [plan] = counterexample as [PipelinePlan] // there is one where the property fails
  const text = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  const again = `PIPELINE=${toToken(plan)} npx vitest run test/pipelines/pipelines.test.ts`
  return new Error(`${text}\n${JSON.stringify(plan)}\nagain: ${again}\nseed ${seed}, path ${counterexamplePath}`, { cause: errorInstance })
}
