/** Whoever adds an operator, a source or a sink says here how it is judged. */
import * as all from 'millrace/operators'
import { expect, it } from 'vitest'
import { operators, sinks, sources } from './subjects.js'

/** Reports, hooks, and errors: no items pass through them. */
const noneOfThese = [
  'bounds',
  'graph',
  'pauseControls',
  'InvalidItemError',
  'onUnpaced',
  'strictDemand',
  'QueueFullError',
  'StageTrail',
  'trailOf',
  'UnpacedError',
]

it('every export of millrace/operators has laws, or is none of these kinds', () => {
  const judged = new Set([...Object.keys(operators), ...Object.keys(sources), ...Object.keys(sinks), ...noneOfThese])
  expect(Object.keys(all).filter((name) => !judged.has(name))).toEqual([])
})

it('what has laws is exported', () => {
  const exported = new Set(Object.keys(all))
  const judged = [operators, sources, sinks].flatMap((kind) => Object.keys(kind))
  expect([...judged, ...noneOfThese].filter((name) => !exported.has(name))).toEqual([])
})
