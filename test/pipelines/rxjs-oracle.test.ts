/**
 * RxJS is the oracle: each of its operators over sources of Millrace gives the items, the order, the times and the end
 * that it gives over sources of its own, for the same timed input. RxJS runs in its TestScheduler, Millrace in a bubble.
 */
import { background, sleep } from 'millrace'
import { fromGoroutine, onUnpaced, run } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import * as rx from 'rxjs'
import * as pipeable from 'rxjs/operators'
import { TestScheduler } from 'rxjs/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { delegateRxjs, FrameScheduler } from '../../src/testing/marbles/scheduler.js'
import { leftOut, operators, rounded, type Input, type Make } from './rxjs-operators.js'

const boom = new Error('boom')
const items = [[3, 0], [7, 1], [13, 2], [17, 1], [30, 4]] as const // prettier-ignore

const inputs: Readonly<Record<string, Input>> = {
  completes: { items, end: 41 },
  fails: { items, end: 41, fails: true },
  'is empty': { items: [], end: 4 },
  'fails at once': { items: [], end: 1, fails: true },
}

type Event = readonly [at: number, kind: 'next' | 'complete' | 'error', value?: unknown]

/** RxJS's own sources, in its own virtual time. */
const ofRxjs: Make = ({ items, end, fails }) =>
  new rx.Observable((subscriber) => {
    for (const [at, value] of items) subscriber.add(rx.asyncScheduler.schedule(() => subscriber.next(value), at))
    const over = (): void => (fails === true ? subscriber.error(boom) : subscriber.complete())
    if (end !== Infinity) subscriber.add(rx.asyncScheduler.schedule(over, end))
  })

const ofMillrace: Make = ({ items, end, fails }) =>
  fromGoroutine<number>(function* (emit) {
    let now = 0
    for (const [at, value] of items) {
      yield* sleep(at - now)
      now = at
      yield* emit.send(value)
    }
    yield* sleep(end - now)
    if (fails === true) throw boom
  })

const observerOf = (events: Event[], now: () => number): rx.Observer<unknown> => ({
  next: (value) => void events.push([rounded(now()), 'next', value]),
  error: (cause) => void events.push([rounded(now()), 'error', String(cause)]),
  complete: () => void events.push([rounded(now()), 'complete']),
})

function byRxjs(name: string, input: Input): Event[] {
  const events: Event[] = []
  const scheduler = new TestScheduler(() => {})
  scheduler.run(() => {
    operators[name](ofRxjs(input), ofRxjs).subscribe(observerOf(events, () => scheduler.now()))
  })
  return events
}

async function byMillrace(name: string, input: Input): Promise<Event[]> {
  const events: Event[] = []
  await bubble(function* ({ now }) {
    const takeBack = delegateRxjs(
      new FrameScheduler(now, (cause) => {
        throw cause
      }),
    )
    try {
      const record = rx.tap(observerOf(events, now))
      yield* run(background, operators[name](ofMillrace(input), ofMillrace).pipe(record))
        .join()
        .attempt()
    } finally {
      takeBack()
    }
  })
  return events
}

let off: () => void
beforeEach(() => {
  off = onUnpaced(() => {}) // what RxJS's operators hold back is theirs
})
afterEach(() => off())

describe.each(Object.keys(operators))('over sources of Millrace as over its own: %s', (name) => {
  it.each(Object.keys(inputs))('where the source %s', async (kind) => {
    expect(await byMillrace(name, inputs[kind])).toEqual(byRxjs(name, inputs[kind]))
  })
})

it('every operator and every function of RxJS is here, or left out with a reason', () => {
  const isFunction = (name: string): boolean => /^[a-z]/.test(name)
  const names = new Set([...Object.keys(pipeable), ...Object.keys(rx)].filter(isFunction))
  const known = new Set([...Object.keys(operators), ...Object.keys(leftOut)])
  expect([...names].filter((name) => !known.has(name))).toEqual([])
})
