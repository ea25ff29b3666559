/** `health`: ready while the broker answers and is not too far behind, live while messages are settled or none are there. */
import { background, sleep } from 'millrace'
import { health, settle, through } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { expect, it } from 'vitest'
import { filled } from './filled.js'

it('a consumer that works is live, and ready once it is not too far behind', () =>
  bubble(function* () {
    const broker = filled(6)
    const link = broker.connect()
    const look = health(link.from({ queue: 'in' }), { stall: 100, behind: 200 })
    const slow = through((n: number) => sleep(60).map(() => n))
    const running = run(background, link.from<number>({ queue: 'in' }).pipe(workerPool(1, slow), settle()))
    const seen: string[] = []
    for (let i = 0; i < 8; i++) {
      const { ready, live } = yield* look()
      seen.push(`${ready} ${live}`)
      yield* sleep(59)
    }
    running.cancel()
    expect(seen).toEqual([...Array<string>(4).fill('true true'), ...Array<string>(3).fill('false true'), 'true true'])
  }))
it('a consumer that works as fast as messages come is live, however many wait', () =>
  bubble(function* () {
    const broker = filled(3)
    const link = broker.connect()
    const look = health(link.from({ queue: 'in' }), { stall: 100 })
    const slow = through((n: number) => sleep(20).map(() => n))
    const running = run(background, link.from<number>({ queue: 'in' }).pipe(workerPool(1, slow), settle()))
    const seen: string[] = []
    for (let i = 0; i < 20; i++) {
      yield* sleep(19)
      broker.publish('in', i)
      yield* sleep(1)
      broker.publish('in', i)
      const { live, lag } = yield* look()
      seen.push(`${live} ${Number(lag?.waiting) + Number(lag?.underWay) > i}`)
    }
    running.cancel()
    expect(seen).toEqual(Array<string>(20).fill('true true'))
  }))
it('a consumer that is stuck is not live after the time of a stall, until it moves again', () =>
  bubble(function* () {
    const broker = filled(3)
    const link = broker.connect()
    const look = health(link.from({ log: 'in' }), { stall: 100 })
    const stuck = run(
      background,
      link.from<number>({ log: 'in' }).pipe(
        workerPool(
          1,
          through(() => sleep(1e9)),
        ),
        settle(),
      ),
    )
    const lives: boolean[] = []
    for (let i = 0; i < 4; i++) {
      lives.push((yield* look()).live)
      yield* sleep(40)
      broker.publish('in', i) // more that waits is no progress
    }
    stuck.cancel()
    expect(lives).toEqual([true, true, true, false])
    yield* sleep(5000)
    const running = run(background, broker.connect().from<number>({ log: 'in' }).pipe(settle()))
    yield* sleep(5000)
    expect(yield* look()).toMatchObject({ ready: true, live: true, lag: { waiting: 0, underWay: 0 } })
    running.cancel()
  }))
it('throws for an observable that is no source of deliveries', () => {
  expect(() => health(null as never)).toThrow('health(source): expected a source of deliveries')
})
