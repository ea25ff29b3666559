/** Observables of other makers as sources. */
import { background, chan, sleep, withCancel } from 'millrace'
import { bounds, collect, fromIterable, run, sendTo, workerPool } from 'millrace/operators'
import { OverflowError } from 'millrace/web'
import { fromObservable, toReadableStream } from 'millrace/web/operators'
import { Subject, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { makers } from './platform-observable.js'

const BUFFER = { capacity: 16, policy: 'error' } as const

describe.each(makers)('an Observable %s', (_, make) => {
  it('is subscribed to by each subscriber, and left with it', async () => {
    const log: string[] = []
    const letters = make<string>((to) => {
      log.push('begins')
      to.addTeardown(() => log.push('ends'))
      to.next('a')
      to.next('b')
    })
    const source = fromObservable(letters, BUFFER)
    expect(log).toEqual([])
    for (let n = 0; n < 2; n++) expect(await collect(background, source.pipe(take(1))).join()).toEqual(['a'])
    expect(log).toEqual(['begins', 'ends', 'begins', 'ends'])
  })

  it('waits in its buffer for the stages below, and completes after them', async () => {
    const ten = make<number>((to) => { for (let n = 0; n < 10; n++) to.next(n); to.complete() }) // prettier-ignore
    let [atWork, most] = [0, 0]
    const slow = workerPool(2, async (n: number) => {
      most = Math.max(most, ++atWork)
      await sleep(0)
      atWork--
      return n
    })
    expect(await collect(background, fromObservable(ten, BUFFER).pipe(slow)).join()).toHaveLength(10)
    expect(most).toBe(2)
  })

  it('fails with the error, the same object', async () => {
    const error = new Error('broken')
    await expect(collect(background, fromObservable(make((to) => to.error(error)), BUFFER)).join()).rejects.toBe(error) // prettier-ignore
  })

  it('is left at the end of the context', async () => {
    let isLeft = false
    const silent = make<number>((to) => to.addTeardown(() => (isLeft = true)))
    const ctx = withCancel(background)
    const running = run(ctx, fromObservable(silent, BUFFER))
    await settle()
    ctx.cancel()
    await running.join().attempt()
    expect(isLeft).toBe(true)
  })
})

it('states its bound, and fails where the buffer is full', async () => {
  const subject = new Subject<number>()
  const source = fromObservable(subject, { capacity: 1, policy: 'error' })
  expect(bounds(source).items).toBe(2)
  const running = run(background, source.pipe(sendTo(chan())))
  await settle()
  for (let n = 0; n < 5; n++) subject.next(n)
  expect(subject.observed).toBe(false)
  running.cancel()
  const failing = collect(background, source)
  await settle()
  for (let n = 0; n < 5; n++) subject.next(n)
  await expect(failing.join()).rejects.toBeInstanceOf(OverflowError)
})

describe.runIf('Observable' in globalThis)('the other way', () => {
  interface Static {
    from<T>(items: AsyncIterable<T>): { first(): Promise<T>; toArray(): Promise<T[]> }
  }
  const { Observable } = globalThis as unknown as { Observable: Static }

  it('the platform takes a pipeline as a stream, and cancels it', async () => {
    let made = 0
    function* endless() {
      for (;;) yield made++
    }
    const stream = toReadableStream(fromIterable(endless())) as ReadableStream<number> & AsyncIterable<number>
    expect(await Observable.from(stream).first()).toBe(0)
    const seen = made
    await sleep(20)
    expect(made - seen).toBe(0)
  })

  it('the platform takes a receiver', async () => {
    const letters = chan<string>(2)
    for (const letter of ['a', 'b']) letters.trySend(letter)
    letters.close()
    expect(await Observable.from(letters).toArray()).toEqual(['a', 'b'])
  })
})
