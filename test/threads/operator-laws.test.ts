/**
 * The laws of operators over a pool of threads that run here, whose messages are steps of the schedule. Left out are the laws that look at the
 * work in the very step in which the subscriber leaves: a cancel arrives a message later (the rules of the pool say what holds then:
 * schedules.test.ts). So is the law that wants the error of the work itself, since an error is a copy.
 */
import { describe, it } from 'vitest'
import { laws, type LawWork } from '../../src/testing/index.js'
import { isObservable } from 'rxjs'
import type { Context, Op } from '../../src/runtime/index.js'
import { collect, workerPool } from '../../src/operators/index.js'
import { onThreads } from '../../src/adapters/threads/index.js'
import { InlineHost } from '../../src/adapters/threads/hosts/inline-host.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { portionOf } from '../support/portion.js'
import { settings } from './suite.js'
import { ofLaw, printsSchedules } from './explored.js'

printsSchedules('operator-laws')

let current: LawWork

const { works } = onThreads(
  { url: 'file:///operator-laws.js' },
  {
    works(item: number, ctx: Context) {
      const made = current(item, ctx)
      return isObservable(made)
        ? collect(ctx, made)
            .join()
            .map(([result]) => result)
        : (made as Op<number>) // all other manners run as it does
    },
  },
)

/** A pool of its own for each run of a law. */
const onPool = (work: LawWork, size: number) => {
  current = ofLaw(work)
  return works.on(new Threads({ ...settings, size }, new InlineHost(size)))
}

const later = [
  'cancellation: work is stopped',
  'cancellation: no new work',
  'cancellation: nothing left',
  'context',
  'errors: of the source',
]
const leftOut = [...later, 're-entrancy: leaving', 'errors: of the work']

const options = { schedules: portionOf(60) }

describe.each([1, 2])('workerPool over %i threads', (size) => {
  const all = {
    'as they come': laws.operator((work) => workerPool(3, onPool(work, size)), { ...options, bound: 3, ordered: false }),
    ordered: laws.operator((work) => workerPool(3, onPool(work, size), { ordered: true }), { ...options, bound: 3 }),
  }
  describe.each(Object.entries(all))('%s', (_name, subject) => {
    it.each(subject.filter(({ name }) => !leftOut.includes(name)))('$name', async (law) => law.check())
  })
})
