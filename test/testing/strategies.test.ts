import { describe, expect, it } from 'vitest'
import { theTime, type Picker } from '../../src/testing/explore/picker.js'
import { exhaustive } from '../../src/testing/explore/exhaustive.js'
import { mixed, pct, pos, randomWalk, type Strategy } from '../../src/testing/explore/strategies.js'

function begin(strategy: Strategy): Picker {
  const picker = strategy.next()
  if (picker === null) throw new Error('no schedule is left')
  return picker
}

describe('random', () => {
  it('takes each of those that are ready as often as the others', () => {
    const picker = begin(randomWalk(1))
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 40_000; i++) counts[picker.pick(4, 'next', null)]++
    for (const count of counts) expect(count).toBeGreaterThan(9_500)
  })

  it('lets a timer fire one time in eight while somebody is ready', () => {
    const picker = begin(randomWalk(1))
    let fired = 0
    for (let i = 0; i < 40_000; i++) if (picker.pick(2, 'next', [{}, theTime]) === 1) fired++
    expect(fired / 40_000).toBeCloseTo(1 / 8, 1)
  })
})

describe('pct', () => {
  it('lets one go on until a change point, of which there are depth - 1', () => {
    const [a, b, c] = [{}, {}, {}]
    const strategy = pct(1, 3)
    for (let run = 0; run < 200; run++) {
      const picker = begin(strategy)
      let changes = 0
      let last = -1
      for (let step = 0; step < 16; step++) {
        const chosen = picker.pick(3, 'next', [a, b, c])
        if (last >= 0 && chosen !== last) changes++
        last = chosen
      }
      expect(changes).toBeLessThanOrEqual(2)
    }
  })

  it('lets nobody wait for ever', () => {
    const both = [{}, {}]
    const picker = begin(pct(1, 1))
    const met = new Set<number>()
    for (let step = 0; step < 1000; step++) met.add(picker.pick(2, 'next', both))
    expect(met.size).toBe(2)
  })
})

describe('pos', () => {
  it('keeps the priority of a step that waits: the other goroutine takes no step, or many', () => {
    const both = [{}, {}]
    const strategy = pos(1)
    const counts = new Map<number, number>()
    for (let run = 0; run < 12_000; run++) {
      const picker = begin(strategy)
      let steps = 0
      while (steps < 5 && picker.pick(2, 'next', both) === 0) steps++
      counts.set(steps, (counts.get(steps) ?? 0) + 1)
    }
    // The waiting step keeps its priority p, so k steps come before it with the probability of p^k: 1 / (k + 1) of all runs get so far.
    expect((counts.get(5) ?? 0) / 12_000).toBeCloseTo(1 / 6, 1)
  })

  it('lets nobody wait for ever', () => {
    const both = [{}, {}]
    const strategy = pos(1)
    for (let run = 0; run < 2000; run++) {
      const picker = begin(strategy)
      const met = new Set<number>()
      for (let step = 0; step < 500; step++) met.add(picker.pick(2, 'next', both))
      expect(met.size).toBe(2)
    }
  })
})

describe('mixed', () => {
  it('takes random, pct and pos in turn', () => {
    const all = mixed(1, 3)
    const single = [randomWalk(1), pct(1, 3), pos(1)]
    const candidates = [{}, {}, {}]
    const picksOf = (picker: Picker): number[] => Array.from({ length: 20 }, () => picker.pick(3, 'next', candidates))
    for (let run = 0; run < 9; run++) expect(picksOf(begin(all))).toEqual(picksOf(begin(single[run % 3])))
  })
})

describe('exhaustive', () => {
  it('goes through every sequence of choices that is no preemption', () => {
    const strategy = exhaustive(0)
    const met: string[] = []
    for (let picker = strategy.next(); picker !== null; picker = strategy.next()) {
      const choices: number[] = []
      for (const options of [2, 3]) choices.push(picker.pick(options, 'next', null))
      met.push(choices.join(''))
    }
    expect(met.sort()).toEqual(['00', '01', '02', '10', '11', '12'])
  })

  it.each([
    [0, 1],
    [1, 4],
    [2, 7],
    [3, 8],
  ])('with %i preemptions at most, of three places to preempt: %i schedules', (preemptions, expected) => {
    const strategy = exhaustive(preemptions)
    let runs = 0
    for (let picker = strategy.next(); picker !== null; picker = strategy.next(), runs++)
      for (let i = 0; i < 3; i++) picker.pick(2, 'switch', null)
    expect(runs).toBe(expected)
  })
})
