/**
 * RxJS's setting `onStoppedNotification`, at which stages notice an overflow of the stack: it works as before for those who set it, and two
 * copies of the package notice overflows beside each other.
 */
import { config, merge, Observable, of } from 'rxjs'
import { afterEach, expect, it, vi } from 'vitest'

const load = async () => ({ ...(await import('../../src/runtime/index.js')), ...(await import('../../src/operators/index.js')) })
type Copy = Awaited<ReturnType<typeof load>>

const nested = (inner: Observable<number>) => merge(inner, of(1))

/** The text of the end of a pipeline that is nested too deep. */
async function endOfNested({ background, collect, fromIterable, queue }: Copy): Promise<string> {
  let pipeline: Observable<number> = fromIterable([0])
  for (let i = 0; i < 5000; i++) pipeline = nested(pipeline)
  const end = await collect(background, pipeline.pipe(queue(1)))
    .join()
    .attempt(String)
  return end._tag === 'Left' ? end.left : 'no failure'
}

function notifyStopped(): void {
  new Observable<number>((subscriber) => {
    subscriber.complete()
    subscriber.next(1)
  }).subscribe()
  vi.runAllTimers() // RxJS calls the setting from a timer
}

afterEach(() => {
  config.onStoppedNotification = null
  vi.useRealTimers()
})

it('is the function that the user sets, before the first subscription to a stage or after it, through two copies', async () => {
  const first = vi.fn()
  config.onStoppedNotification = first
  const copies = [await load()]
  vi.resetModules()
  copies.push(await load())
  for (const { background, fromIterable, run, workerPool } of copies)
    await run(background, fromIterable([1]).pipe(workerPool(1, (n) => n))).join()
  vi.useFakeTimers()
  expect(config.onStoppedNotification).toBe(first)
  notifyStopped()
  expect(first).toHaveBeenCalledTimes(1)
  const second = vi.fn()
  config.onStoppedNotification = second
  expect(config.onStoppedNotification).toBe(second)
  notifyStopped()
  expect(second).toHaveBeenCalledTimes(1)
  config.onStoppedNotification = null
  notifyStopped()
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1])
  vi.useRealTimers()
  for (const copy of [...copies, copies[0]]) expect(await endOfNested(copy)).toMatch(/^RangeError: millrace: the stack overflowed/)
})
