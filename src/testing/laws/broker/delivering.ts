/** Laws of brokers about what comes out, and in which order, while nothing is killed. */
import { byKey, settle, through, type Delivery, type ValueWork } from '../../../adapters/broker/index.js'
import { workerPool } from '../../../operators/index.js'
import { sleep } from '../../../runtime/index.js'
import { holds, text } from '../support/assertions.js'
import type { BrokerRecord } from './record.js'
import { complete, exactlyOnce, inOrder, keyOf, performed, type BrokerRun, type Build } from './run.js'

export const N = 8

/** Work by key, an effect, and the end. */
export function usual(run: BrokerRun, work: ValueWork<number, number> = (n) => run.pause().map(() => n)): Build {
  return (link) => run.in(link).pipe(byKey((d) => d.key, 3, work), link.to({ topic: 'out' }), settle()) // prettier-ignore
}

const delivery: BrokerRecord = {
  name: 'delivery',
  meaning: 'each message that was published comes out, before or after the workers began',
  withFaults: true,
  *program(run) {
    yield* run.publish(N / 2)
    for (let n = 0; n < 2; n++) yield* run.worker(usual(run))
    yield* run.publish(N, N / 2)
    yield* run.finished()
    complete(yield* run.out(), N)
  },
}

const partitionOrder: BrokerRecord = {
  name: 'order in a partition',
  meaning: 'the messages of a partition come in the order of their offsets, each once',
  uses: ['log'],
  withFaults: true,
  *program(run) {
    const seen: Delivery<number>[] = []
    yield* run.publish(N)
    const look = through((n: number, _ctx, each: Delivery<number>) => run.pause().map(() => (seen.push(each), n)))
    yield* run.worker((link) => run.in(link).pipe(workerPool(1, look), settle()))
    yield* run.finished()
    for (const partition of new Set(seen.map(({ position }) => position.partition))) {
      const offsets = seen.filter(({ position }) => position.partition === partition).map(({ position }) => position.offset)
      holds(
        offsets.every((offset, i) => i === 0 || offset > offsets[i - 1]),
        () => `partition ${partition} came as ${text(offsets)}`,
      )
    }
    complete(
      seen.map(({ value }) => value),
      N,
    )
  },
}

const keyOrder: BrokerRecord = {
  name: 'order of a key',
  meaning: 'with byKey the messages of a key are worked on one after the other, in order',
  uses: ['log'],
  withFaults: true,
  *program(run) {
    const under = new Set<string>()
    const seen: number[] = []
    const work = function* (n: number): Generator<never, number> {
      holds(!under.has(keyOf(n)), `two messages of ${keyOf(n)} are under way`)
      under.add(keyOf(n))
      yield* run.pause(4)
      under.delete(keyOf(n))
      seen.push(n)
      return n
    }
    yield* run.worker(usual(run, work))
    yield* run.publish(N)
    yield* run.finished()
    inOrder(seen)
    inOrder(yield* run.out())
    exactlyOnce(seen, N)
  },
}

const settledForGood: BrokerRecord = {
  name: 'settled for good',
  meaning: 'a message that is settled does not come again, to this worker or to another',
  *program(run) {
    yield* run.publish(N)
    yield* run.worker(usual(run))
    yield* run.finished()
    yield* run.worker(usual(run))
    yield* sleep(3 * run.lease)
    yield* run.finished()
    exactlyOnce(yield* run.out(), N)
  },
}

const trace: BrokerRecord = {
  name: 'trace',
  meaning: 'the headers of a message, such as traceparent, come out with what is made of it',
  *program(run) {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    for (let n = 0; n < 3; n++)
      yield* performed(run.broker.publish('in', n, { key: keyOf(n), headers: new Map([['traceparent', traceparent]]) }))
    yield* run.worker(usual(run))
    yield* run.finished()
    for (const { value, headers } of yield* run.stored('out'))
      holds(
        headers.get('traceparent')?.startsWith(traceparent.slice(0, 35)) === true,
        `message ${String(value)} came out with the traceparent ${String(headers.get('traceparent'))}`,
      )
    complete(yield* run.out(), 3)
  },
}

const lagIsExact: BrokerRecord = {
  name: 'lag',
  meaning: 'while nothing moves, lag counts the messages that are not delivered and those that are not settled',
  *program(run) {
    yield* run.publish(N)
    const before = yield* run.lag()
    holds(before.waiting === N && before.underWay === 0, () => `${JSON.stringify(before)} before anything was delivered, of ${N}`)
    let done = 0
    const some = run.trial.choose(3)
    const work = function* (n: number): Generator<never, number> {
      if (done === some) yield* sleep(run.lease * 2)
      else done++
      return n
    }
    const worker = yield* run.worker((link) => run.in(link).pipe(workerPool(1, through(work)), settle()))
    yield* sleep(run.lease)
    const { waiting, underWay, byPartition } = yield* run.lag()
    const all = byPartition.reduce((sum, n) => sum + n, 0)
    holds(waiting + underWay === N - some, `lag is ${waiting} + ${underWay}, where ${N - some} are not settled`)
    holds(underWay > 0 && all === waiting + underWay, `lag is ${waiting} + ${underWay}, and ${all} by partition`)
    yield* worker.crash()
  },
}

export const delivering: readonly BrokerRecord[] = [delivery, partitionOrder, keyOrder, settledForGood, trace, lagIsExact]
