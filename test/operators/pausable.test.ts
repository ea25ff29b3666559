/** pausable: items pass until pause, and again after resume. */
import { background, go, sleep } from 'millrace'
import { collect, fromIterable, onUnpaced, pausable, pauseControls, run, workerPool } from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import fc from 'fast-check'
import { tap } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let off: () => void
beforeEach(() => (off = onUnpaced(() => {}))) // a marble's source is foreign
afterEach(() => off())

/** Pauses and resumes at these times. */
const switching = (controls: ReturnType<typeof pauseControls>, ...times: readonly number[]): void => {
  for (const [i, at] of times.entries())
    go(function* () {
      yield* sleep(at)
      if (i % 2 === 0) controls.pause()
      else controls.resume()
    })
}

describe('pausable', () => {
  it('holds an item during a pause, and the end behind it', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const controls = pauseControls()
      switching(controls, 2, 6)
      const source = cold('                                    ab--c---d|')
      expectObservable(source.pipe(pausable(controls))).toBe(' ab----c-d|')
      expectSubscriptions(source.subscriptions).toBe('         ^--------!')
    }))
  it('completes during a pause without an item; with one it waits, also before an error', () =>
    marbles(({ cold, expectObservable }) => {
      const paused = pauseControls({ paused: true })
      expectObservable(cold('--|').pipe(pausable(paused))).toBe('--|')
      const controls = pauseControls({ paused: true })
      switching(controls, 0, 6)
      expectObservable(cold('-a|').pipe(pausable(controls))).toBe('------(a|)')
      expectObservable(cold('-a#').pipe(pausable(controls))).toBe('------(a#)')
      expectObservable(cold('-a---').pipe(pausable(paused)), '^--!').toBe('')
    }))
  it('pauses its source, and the work below goes on', async () => {
    await bubble(function* () {
      let made = 0
      let done = 0 // race-ok: the test looks, in the middle of the work, how far it is
      const controls = pauseControls()
      function* items() {
        while (made < 10) yield made++
      }
      const work = workerPool(2, function* () {
        yield* sleep(10)
        done++
      })
      const running = run(background, fromIterable(items()).pipe(pausable(controls), work))
      yield* sleep(5)
      controls.pause()
      controls.pause()
      yield* sleep(100)
      expect([made, done, controls.isPaused]).toEqual([4, 3, true]) // two were at work, one had passed, and one waits
      controls.resume()
      controls.resume()
      yield* running.join()
      expect([made, done]).toEqual([10, 10])
    })
  })
  it('a pause right after a resume holds', async () => {
    await bubble(function* () {
      const controls = pauseControls({ paused: true })
      const seen: number[] = []
      const running = run(background, fromIterable([1, 2]).pipe(pausable(controls), tap((n) => seen.push(n)))) // prettier-ignore
      yield* sleep(1)
      controls.resume()
      controls.pause()
      yield* sleep(1)
      expect(seen).toEqual([])
      controls.resume()
      yield* running.join()
      expect(seen).toEqual([1, 2])
    })
  })
  it('several pipelines share controls, and one that leaves holds nothing', async () => {
    await bubble(function* () {
      const controls = pauseControls({ paused: true })
      const pipeline = fromIterable([1, 2]).pipe(pausable(controls))
      const left = run(background, pipeline)
      const both = [collect(background, pipeline), collect(background, pipeline)]
      yield* sleep(1)
      left.cancel()
      yield* left.join().attempt()
      expect((controls as unknown as { waiting: Set<unknown> }).waiting.size).toBe(2)
      controls.resume()
      for (const one of both) expect(yield* one.join()).toEqual([1, 2])
    })
  })
  it('every item once and in order, however often it is paused', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 12 }), fc.nat(9), async (gaps, n) => {
        await bubble(function* () {
          const controls = pauseControls()
          const items = Array.from({ length: n }, (_, i) => i)
          const work = workerPool(1, function* (i: number) {
            yield* sleep(2)
            return i
          })
          const running = collect(background, fromIterable(items).pipe(pausable(controls), work))
          for (const [i, gap] of gaps.entries()) {
            if (i % 2 === 0) controls.pause()
            else controls.resume()
            yield* sleep(gap)
          }
          controls.resume()
          expect(yield* running.join()).toEqual(items)
        })
      }),
      { numRuns: 100, seed: 1 },
    ))
  it('refuses other controls', () => {
    expect(() => pausable({ isPaused: false } as never)).toThrow(
      'pausable(controls): expected the controls that pauseControls() returns, got an object',
    )
    expect(() => pauseControls({ paused: 1 as never })).toThrow('pauseControls({ paused }): expected true or false, got 1')
  })
})
