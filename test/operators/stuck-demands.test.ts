/** A demand that stands still is a fault: bubbles and explorations report it, and the demands of every test are looked at. */
import { background, go, gosched } from 'millrace'
import { broadcast, collect, fromIterable, queue, workerPool } from 'millrace/operators'
import { bubble, explore } from 'millrace/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { Demand, demandProbe } from '../../src/operators/demand/demand.js'
import { StuckDemands } from '../../src/operators/demand/stuck.js'
import { OneItemInput } from '../../src/operators/engine/inputs.js'

const restored: (() => void)[] = []
afterEach(() => {
  for (const restore of restored.splice(0)) restore()
})

/** Breaks a method until the end of the test. */
function breaks(prototype: object, name: string, broken: (this: never) => unknown): void {
  const before = Reflect.get(prototype, name) as unknown
  restored.push(() => void Reflect.set(prototype, name, before))
  Reflect.set(prototype, name, broken)
}

const program = () => collect(background, fromIterable([1, 2, 3]).pipe(workerPool(1, slow), queue(1))).join()
const branches = () => collect(background, fromIterable([1, 2, 3]).pipe(broadcast((branch) => branch.pipe(workerPool(1, slow))))).join()

function* slow(n: number) {
  yield* gosched()
  return n
}

describe('a demand that opens and calls nothing', () => {
  const forgets = (): void => breaks(Demand.prototype, '_queueUp', () => {})

  it('is reported by a bubble', async () => {
    forgets()
    await expect(bubble(program)).rejects.toThrow(/a fault: the demand of stage "workerPool" is open, 1 sources wait in it/)
  })

  it('is reported by an exploration', async () => {
    forgets()
    await expect(explore(program, { schedules: 2 })).rejects.toThrow(/a fault: the demand of stage "workerPool" is open/)
  })
})

describe('a demand that stays closed although its stage has room', () => {
  /** The input takes the item out, and its demand stays closed. */
  const forgets = (): void =>
    breaks(OneItemInput.prototype, 'take', function (this: OneItemInput<unknown>) {
      this.hasItem = false
      this.intake.used = 0
      return this.item
    })

  it('is reported by a bubble', async () => {
    forgets()
    await expect(bubble(branches)).rejects.toThrow(/the demand of stage "broadcast" is closed with 0 of 1 slots in use/)
  })

  it('is reported by an exploration', async () => {
    forgets()
    await expect(explore(branches, { schedules: 2 })).rejects.toThrow(/the demand of stage "broadcast" is closed/)
  })
})

it('nothing is reported where the engine is as it is', async () => {
  await expect(bubble(program)).resolves.toEqual([1, 2, 3])
  await explore(branches, { schedules: 20 })
})

it('bubbles and explorations leave no watch behind', async () => {
  const before = demandProbe.waits
  await bubble(program)
  await explore(program, { schedules: 2 })
  expect(demandProbe.waits).toBe(before)
})

it('a watch around a pipeline that runs in no bubble sees its demands', async () => {
  const demands = new StuckDemands()
  demands.watch()
  restored.push(() => demands.end())
  breaks(Demand.prototype, '_queueUp', () => {})
  const running = go(program)
  await gosched()
  await gosched()
  expect(() => demands.check()).toThrow('a fault')
  running.cancel()
})
