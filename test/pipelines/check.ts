/** Runs the pipeline of a plan in virtual time, and compares it with its specification. */
import { after, background, sleep, withCancel } from 'millrace'
import { onUnpaced, run, until } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { Subject, take, takeUntil, tap, type Observable } from 'rxjs'
import { expect } from 'vitest'
import { watchDemands } from '../support/watch-demands.js'
import { boom, pipe, sourceOf } from './build.js'
import type { EndPlan, PipelinePlan } from './plan.js'
import { expected, type Expected } from './specification.js'

/** ms of virtual time, in which every pipeline of a plan has ended. */
const LONG = 100_000
const stopped = new Error('stopped')

type Ended = 'completed' | { readonly threw: unknown } | 'hangs'

export async function check(plan: PipelinePlan): Promise<void> {
  const off = onUnpaced(() => {})
  const stuck = watchDemands()
  const seen: number[] = []
  let ended: Ended = 'hangs'
  try {
    await bubble(function* () {
      const { ctx, cancel, pipeline } = build(plan, seen)
      const running = run(ctx, pipeline)
      if (cancel !== null) cancel(running)
      const limit = yield* running
        .join()
        .attempt()
        .within(ctx === background ? ctx : background)
      ended = limit._tag === 'Right' ? 'completed' : { threw: limit.left }
      yield* sleep(LONG) // what is left over has ended by then, or is blocked: the bubble reports it
    })
  } finally {
    off()
  }
  expect(stuck(), 'demands that stand still').toBe(0)
  compare(plan, seen, ended)
}

interface Built {
  readonly ctx: typeof background
  readonly cancel: ((running: { cancel(cause?: unknown): void }) => void) | null
  readonly pipeline: Observable<number>
}

function build({ source, stages, end }: PipelinePlan, seen: number[]): Built {
  const whole = pipe(sourceOf(source, 0, end.end === 'fails' ? end.at : Infinity), stages)
  const record = tap((item: number) => void seen.push(item))
  switch (end.end) {
    case 'take':
      return { ctx: background, cancel: null, pipeline: whole.pipe(take(end.n), record) }
    case 'leaves in next': {
      const leave = new Subject<void>()
      return { ctx: background, cancel: null, pipeline: whole.pipe(record, tap(() => seen.length === end.n && leave.next()), takeUntil(leave)) } // prettier-ignore
    }
    case 'until':
      return { ctx: background, cancel: null, pipeline: whole.pipe(until(after(end.ms)), record) }
    case 'context': {
      const ctx = withCancel(background)
      return { ctx, cancel: () => void sleepThen(end.ms, () => ctx.cancel(stopped)), pipeline: whole.pipe(record) }
    }
    case 'cancel':
      return { ctx: background, cancel: (running) => void sleepThen(end.ms, () => running.cancel(stopped)), pipeline: whole.pipe(record) }
    case 'completes':
    case 'fails':
      return { ctx: background, cancel: null, pipeline: whole.pipe(record) }
  }
}

async function sleepThen(ms: number, f: () => void): Promise<void> {
  await sleep(ms)
  f()
}

const counts = (items: readonly number[]): Map<number, number> => {
  const count = new Map<number, number>()
  for (const item of items) count.set(item, (count.get(item) ?? 0) + 1)
  return count
}

function compare(plan: PipelinePlan, seen: readonly number[], ended: Ended): void {
  const all = expected(plan)
  const { end } = plan
  checkEnd(end, ended)
  const isWhole = end.end === 'completes' || (ended === 'completed' && end.end !== 'fails' && end.end !== 'until')
  const most = end.end === 'take' || end.end === 'leaves in next' ? Math.min(end.n, all.items.length) : all.items.length
  if (isWhole && all.count) expect(seen.length, 'the number of items').toBe(most)
  if (end.end === 'fails') return // the stages above a failure decide what has passed
  if (all.values) checkValues(all, seen)
}

function checkEnd({ end }: EndPlan, ended: Ended): void {
  if (end === 'completes' || end === 'take' || end === 'leaves in next' || end === 'until') expect(ended).toBe('completed')
  else if (ended !== 'completed') {
    const { threw } = ended as { threw: unknown }
    if (end === 'fails') expect(threw).toBe(boom)
    else if (end === 'context') expect(threw).toBe(stopped)
    else expect(threw).toMatchObject({ name: 'CanceledError' })
  }
}

function checkValues({ items, order }: Expected, seen: readonly number[]): void {
  if (order) return void expect(seen).toEqual(items.slice(0, seen.length))
  const known = counts(items)
  for (const [item, count] of counts(seen)) expect(count, `copies of ${item}`).toBeLessThanOrEqual(known.get(item) ?? 0)
}
