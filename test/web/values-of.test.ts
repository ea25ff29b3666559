/** Observables of other makers as receivers. */
import { CanceledError, type Receiver } from 'millrace'
import { OverflowError, valuesOf, type ObservableLike, type ObserverLike } from 'millrace/web'
import { BehaviorSubject, Observable, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { makers } from './platform-observable.js'

const BUFFER = { capacity: 16, policy: 'error' } as const

async function all<T>(values: Receiver<T>): Promise<T[]> {
  const got: T[] = []
  for await (const value of values) got.push(value)
  return got
}

/** An observable that a test drives. */
class Driven<T> implements ObservableLike<T> {
  readonly observers = new Set<ObserverLike<T>>()
  subscribe(observer: ObserverLike<T>): { unsubscribe(): void } {
    this.observers.add(observer)
    return { unsubscribe: () => void this.observers.delete(observer) }
  }
}

describe.each(makers)('an Observable %s', (_, make) => {
  it('emits while it is subscribed to, and then its end', async () => {
    const values = valuesOf(make<number>((to) => { [1, 2, 3].forEach((n) => to.next(n)); to.complete() }), BUFFER) // prettier-ignore
    expect(await all(values)).toEqual([1, 2, 3])
  })

  it('fails with its error, the same object, after the values that wait', async () => {
    const error = new Error('broken')
    const values = valuesOf(make<number>((to) => { to.next(1); to.error(error) }), BUFFER) // prettier-ignore
    expect(await values.receive()).toEqual({ _tag: 'Some', value: 1 })
    await expect(values.receive()).rejects.toBe(error)
  })

  it('is left by cancel, by `using`, and by a full buffer', async () => {
    const left: string[] = []
    const endless = (name: string) => make<number>((to) => { to.addTeardown(() => left.push(name)); to.next(1) }) // prettier-ignore
    valuesOf(endless('cancel'), BUFFER).cancel()
    {
      using values = valuesOf(endless('using'), BUFFER)
      expect(await values.receive()).toEqual({ _tag: 'Some', value: 1 })
    }
    const fast = make<number>((to) => { to.addTeardown(() => left.push('full')); for (let n = 0; n < 10; n++) to.next(n) }) // prettier-ignore
    const full = valuesOf(fast, { capacity: 2, policy: 'error' })
    expect(left).toEqual(['cancel', 'using', 'full'])
    await full.receive()
    await full.receive()
    await expect(full.receive()).rejects.toBeInstanceOf(OverflowError)
  })

  it('drops by the policy', async () => {
    const fast = make<number>((to) => { for (let n = 0; n < 10; n++) to.next(n); to.complete() }) // prettier-ignore
    expect(await all(valuesOf(fast, { capacity: 2, policy: 'drop-oldest' }))).toEqual([8, 9])
    expect(await all(valuesOf(fast, { capacity: 2, policy: 'drop-newest' }))).toEqual([0, 1])
  })
})

describe.runIf('when' in EventTarget.prototype)('events of the platform', () => {
  it('are values while the receiver is open', async () => {
    const target = new EventTarget() as EventTarget & { when(type: string): ObservableLike<Event> }
    const values = valuesOf(target.when('a'), BUFFER)
    for (const type of ['a', 'b', 'a']) target.dispatchEvent(new Event(type))
    values.cancel()
    target.dispatchEvent(new Event('a'))
    const types: string[] = []
    await expect((async () => { for await (const { type } of values) types.push(type) })()).rejects.toBeInstanceOf(CanceledError) // prettier-ignore
    expect(types).toEqual(['a', 'a'])
  })
})

describe('an Observable of RxJS 7', () => {
  it('is left while it emits at its subscription', async () => {
    let isLeft = false
    const fast = new Observable<number>((subscriber) => {
      subscriber.add(() => (isLeft = true))
      for (let n = 0; n < 10 && !subscriber.closed; n++) subscriber.next(n)
    })
    await expect(all(valuesOf(fast, { capacity: 2, policy: 'error' }))).rejects.toBeInstanceOf(OverflowError)
    expect(isLeft).toBe(true)
  })

  it('is left by cancel; a subject keeps no observer', async () => {
    const subject = new Subject<number>()
    const values = valuesOf(subject, BUFFER)
    subject.next(1)
    values.cancel()
    expect(subject.observed).toBe(false)
    await expect(all(values)).rejects.toBeInstanceOf(CanceledError)
    expect(await valuesOf(new BehaviorSubject(7), BUFFER).receive()).toEqual({ _tag: 'Some', value: 7 })
  })
})

it('an object says where its Observable is', async () => {
  const source = new Driven<number>()
  const symbol = (Symbol as { observable?: symbol }).observable ?? '@@observable'
  const store = { subscribe: () => expect.unreachable(), [symbol]: () => source }
  using values = valuesOf<number>(store, BUFFER)
  const [observer] = source.observers
  observer.next(1)
  expect(await values.receive()).toEqual({ _tag: 'Some', value: 1 })
  values.cancel()
  expect(source.observers.size).toBe(0)
})

it('an observer that is called after the end changes nothing', async () => {
  const source = new Driven<number>()
  const values = valuesOf(source, BUFFER)
  const [observer] = source.observers
  observer.next(1)
  observer.complete()
  observer.next(2)
  observer.error(new Error('late'))
  observer.complete()
  expect(await all(values)).toEqual([1])
})

it('an error that is undefined is an error all the same', async () => {
  const source = new Driven<number>()
  const values = valuesOf(source, BUFFER)
  const [observer] = source.observers
  observer.error(undefined)
  await expect(values.receive()).rejects.toThrow('undefined was thrown')
})

it('refuses anything that is no Observable', () => {
  expect(() => valuesOf({} as never, BUFFER)).toThrow('valuesOf(observable): expected an Observable')
  expect(() => valuesOf(null as never, BUFFER)).toThrow(TypeError)
  expect(() => valuesOf({ '@@observable': () => 7 } as never, BUFFER)).toThrow(TypeError)
})
