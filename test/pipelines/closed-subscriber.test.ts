/**
 * A subscriber that has left before the subscription, as where an operator of RxJS ends while it subscribes: no stage begins anything
 * for it that lasts.
 */
import { bubble } from 'millrace/testing'
import { inline } from 'millrace/threads'
import { sleep } from 'millrace'
import { Subscriber } from 'rxjs'
import { expect, it } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'
import { pipe } from './build.js'
import { kinds, type StagePlan } from './plan.js'
import { firstSource } from './sources.js'
import { Watch } from './watch.js'

const other = { source: 'slow', size: 3 } as const
/** The parts that vary, for each stage that has any. */
const parts = { n: 2, work: 'operation', ordered: true, ms: 7, commits: false, branches: [[{ stage: 'named' }], []], other }
const stages = kinds.stages.map((stage) => ({ stage, ...parts }) as unknown as StagePlan)
const closed = (): Subscriber<number> => {
  const subscriber = new Subscriber<number>()
  subscriber.unsubscribe()
  return subscriber
}

it.each(stages)('$stage', async (stage) => {
  const watch = new Watch()
  watch.begin()
  try {
    using _here = inline()
    await bubble(function* ({ wait }) {
      pipe(firstSource({ source: 'ticker', size: 3 }, watch, null), [stage], watch).subscribe(closed())
      yield* wait()
      expect(time.timers.size, 'timers').toBe(0)
      expect(watch.left, 'left behind').toEqual({ waiters: 0, stuck: 0, claimed: 0 })
      yield* sleep(100)
    })
  } finally {
    watch.end()
  }
  expect(watch.made, 'items').toBe(0)
  expect(watch.events).toEqual([])
})
