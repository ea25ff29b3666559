/** Laws of brokers about who has a message: leases, beats, deadlines, credit, hand-over, the end. */
import { settle, through, type Delivery } from '../../../adapters/broker/index.js'
import { workerPool } from '../../../operators/index.js'
import { gosched, sleep } from '../../../runtime/index.js'
import { holds, text } from '../support/assertions.js'
import { atRest } from '../support/at-rest.js'
import { numGoroutine } from '../../../runtime/index.js'
import { time } from '../../../runtime/internal.js'
import { N, usual } from './delivering.js'
import type { BrokerRecord } from './record.js'
import { complete, exactlyOnce, keyOf, type Build } from './run.js'

const drainRepeatsNothing: BrokerRecord = {
  name: 'drain',
  meaning: 'a worker that is drained, at any moment, loses nothing and repeats nothing',
  *program(run) {
    yield* run.publish(N)
    const first = yield* run.worker(usual(run))
    for (let turns = run.trial.choose(12); turns > 0; turns--) yield* gosched()
    yield* run.pause(8)
    yield* first.drained()
    yield* run.worker(usual(run))
    yield* run.finished()
    exactlyOnce(yield* run.out(), N)
  },
}

const fullKeepsOwnership: BrokerRecord = {
  name: 'full',
  meaning: 'a worker that is full for three leases keeps what it has: nothing goes to another, and nothing comes twice',
  uses: ['log'],
  settings: { partitions: 1 },
  *program(run) {
    const by: string[] = []
    const slow =
      (name: string): Build =>
      (link) =>
        run.in(link, { prefetch: 1 }).pipe(
          workerPool(
            1,
            through((n: number) => sleep(3 * run.lease).map(() => (by.push(name), n))),
          ),
          link.to({ topic: 'out' }),
          settle(),
        )
    yield* run.publish(3)
    const first = yield* run.worker(slow('first'))
    yield* run.until(function* () {
      return (yield* run.lag()).underWay > 0
    }, () => 'nothing was delivered') // prettier-ignore
    let isOver = false
    yield* run.worker((link) => {
      isOver = first.end !== null
      return slow('second')(link)
    })
    yield* run.until(() => by.length > 0, () => 'nothing was done') // prettier-ignore
    holds(!isOver && by[0] === 'first', `the first message was done by ${by[0]}`)
    yield* run.finished()
    exactlyOnce(yield* run.out(), 3)
  },
}

const credit: BrokerRecord = {
  name: 'credit',
  meaning: 'the broker never delivers more than there are places: prefetch, and the workers',
  settings: { partitions: 1, window: 64 },
  *program(run) {
    yield* run.publish(N)
    const work = through((n: number) => sleep(run.lease / 2).map(() => n))
    yield* run.worker((link) => run.in(link, { prefetch: 2 }).pipe(workerPool(1, work), settle()))
    for (let looks = 0; looks < 6; looks++) {
      yield* sleep(run.lease / 5)
      const { underWay } = yield* run.lag()
      holds(underWay <= 3, `${underWay} messages are delivered, where 3 have a place`)
    }
    yield* run.finished()
  },
}

const longWork: BrokerRecord = {
  name: 'long work',
  meaning: 'work that takes three leases is delivered once: the lease is kept by beats',
  *program(run) {
    const begun: number[] = []
    yield* run.publish(2)
    yield* run.worker(usual(run, (n) => (begun.push(n), sleep(3 * run.lease).map(() => n)))) // prettier-ignore
    yield* run.worker(usual(run, (n) => (begun.push(n), sleep(3 * run.lease).map(() => n)))) // prettier-ignore
    yield* run.finished()
    exactlyOnce(begun, 2)
    exactlyOnce(yield* run.out(), 2)
  },
}

const deadline: BrokerRecord = {
  name: 'deadline',
  meaning: 'a deadline ends the context of a delivery, and its message comes again',
  *program(run) {
    yield* run.publish(1)
    let ended = 0
    const work = through(function* (n: number, ctx, _: Delivery<number>) {
      if (ended > 0) return n
      yield* ctx.done()
      ended++
      throw new Error('too late')
    })
    yield* run.worker((link) => run.in(link, { deadline: run.lease }).pipe(workerPool(1, work), link.to({ topic: 'out' }), settle()))
    yield* run.finished()
    holds(ended === 1, `the context of the delivery ended ${ended} times`)
    complete(yield* run.out(), 1)
  },
}

const joining: BrokerRecord = {
  name: 'a member joins',
  meaning: 'a worker that joins gets a part of the partitions, each partition has one owner at a time, and nothing is repeated',
  uses: ['log'],
  *program(run) {
    const many = 40
    const owners = new Map<number, string>()
    const done = new Map<string, number>()
    const working =
      (name: string): Build =>
      (link) =>
        run.in(link, { prefetch: 2 }).pipe(
          workerPool(
            2,
            through(function* (n: number, _ctx, { position: { partition } }: Delivery<number>) {
              const owner = owners.get(partition)
              holds(owner === undefined || owner === name, `partition ${partition} is worked on by ${String(owner)} and ${name}`)
              owners.set(partition, name)
              yield* sleep(run.lease / 5)
              owners.delete(partition)
              done.set(name, (done.get(name) ?? 0) + 1)
              return n
            }),
          ),
          link.to({ topic: 'out' }),
          settle(),
        )
    yield* run.publish(many, 0, (n) => `key ${n}`)
    yield* run.worker(working('first'))
    yield* sleep(run.lease)
    yield* run.worker(working('second'))
    yield* run.finished()
    holds((done.get('second') ?? 0) > 0, 'the worker that joined got nothing')
    exactlyOnce(yield* run.out(), many)
  },
}

/** Looks each tenth of a lease, for 30 s: a busy machine may be late. */
function* until(isSo: () => boolean, lease: number): Generator<never, void> {
  for (let waited = 0; waited < 30_000 && !isSo(); waited += lease / 10) yield* sleep(lease / 10)
}

const closing: BrokerRecord = {
  name: 'closing',
  meaning: 'a worker that is drained, or killed, leaves no goroutine and no timer behind',
  *program(run) {
    yield* run.publish(N)
    const others = numGoroutine()
    const timers = time.timers.size // in real time the law has one
    const worker = yield* run.worker(usual(run))
    yield* run.pause(8)
    if (run.trial.choose(2) === 0) yield* worker.drained()
    else yield* worker.crash()
    yield* atRest(others)
    if (run.isReal) yield* until(() => numGoroutine() <= others, run.lease)
    const left = numGoroutine() - others
    holds(left <= 0, `${left} goroutines are left of the worker`)
    yield* sleep(4 * run.lease)
    if (run.isReal) yield* until(() => time.timers.size <= timers, run.lease)
    const { size } = time.timers
    holds(size <= timers, `${size - timers} timers are left of the worker`)
    const out = yield* run.out()
    holds(new Set(out.map(keyOf)).size <= 2, () => text(out))
  },
}

export const owning: readonly BrokerRecord[] = [drainRepeatsNothing, fullKeepsOwnership, credit, longWork, deadline, joining, closing]
