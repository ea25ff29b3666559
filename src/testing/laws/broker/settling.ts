/** Laws of brokers about the ends of a message: attempts, dead letters, filters, parts and batches. */
import { batch, byKey, flatThrough, keep, settle, through, type DeadDelivery } from '../../../adapters/broker/index.js'
import { onUnpaced, workerPool } from '../../../operators/index.js'
import { sleep } from '../../../runtime/index.js'
import { filter } from 'rxjs'
import { holds, text } from '../support/assertions.js'
import { N } from './delivering.js'
import type { BrokerRecord } from './record.js'
import { exactlyOnce, inOrder } from './run.js'

const retryKeepsOrder: BrokerRecord = {
  name: 'order through attempts',
  meaning: 'a message that fails and is tried again keeps its place in its key',
  uses: ['log'],
  *program(run) {
    const failed = new Set<number>()
    const flaky = function* (n: number): Generator<never, number> {
      yield* run.pause()
      if (failed.has(n) || run.trial.choose(2) === 0) return n
      failed.add(n)
      throw new Error(`${n} fails once`)
    }
    yield* run.publish(N)
    const schedule = (): number => run.lease / 10
    const stage = byKey<number, number>((d) => d.key, 3, flaky)
    yield* run.worker((link) => run.in(link).pipe(stage, link.to({ topic: 'out' }), settle({ schedule })))
    yield* run.finished()
    const out = yield* run.out()
    inOrder(out)
    exactlyOnce(out, N)
  },
}

const poison: BrokerRecord = {
  name: 'poison',
  meaning: 'a message that fails each time becomes one dead letter after its attempts, with its payload and headers as they came',
  *program(run) {
    const letters: DeadDelivery[] = []
    let tried = 0
    yield* run.publish(N)
    const work = (n: number): number => {
      if (n !== 3) return n
      tried++
      throw new Error('poison')
    }
    const ending = settle({
      attempts: 3,
      schedule: () => 1,
      ...(run.use === 'queue' && { retry: 'later' as const }),
      deadLetters: (letter) => letters.push(letter),
    })
    yield* run.worker((link) =>
      run.in(link).pipe(
        byKey((d) => d.key, 2, work),
        link.to({ topic: 'out' }),
        ending,
      ),
    )
    yield* run.finished()
    const payloads = letters.map(({ payload }) => payload as number) // numbers
    holds(payloads.length === 1 && payloads[0] === 3, () => `dead letters: ${text(payloads)}`)
    holds(tried === 3 && letters[0].attempts === 3, `3 attempts were given, ${tried} made, ${letters[0]?.attempts} said`)
    const out = yield* run.out()
    exactlyOnce([...out, 3], N)
  },
}

const kept: BrokerRecord = {
  name: 'keep',
  meaning: 'the messages of values that keep refuses are settled, and the others come out',
  *program(run) {
    yield* run.publish(N)
    const even = keep((n: number) => run.pause(2).map(() => n % 2 === 0))
    yield* run.worker((link) => run.in(link).pipe(workerPool(1, even), link.to({ topic: 'out' }), settle()))
    yield* run.finished()
    const out = yield* run.out()
    holds(out.length === N / 2 && out.every((n) => n % 2 === 0), () => `came out: ${text(out)}`)
  },
}

const dropped: BrokerRecord = {
  name: 'dropped',
  meaning: 'a delivery that a filter drops is reported, with its position',
  settings: { partitions: 1 },
  *program(run) {
    const told: string[] = []
    const restore = onUnpaced(({ message }) => void told.push(message))
    try {
      yield* run.publish(2)
      const pass = through((n: number) => n)
      yield* run.worker((link) =>
        run.in(link).pipe(
          filter(({ value }) => value !== 0),
          workerPool(1, pass),
          settle(),
        ),
      )
      yield* run.until(
        () => told.length > 0,
        () => 'a filter dropped a delivery, and nothing was reported',
      )
    } finally {
      restore()
    }
    holds(
      told.every((message) => message.includes('unsettled (1)')),
      () => told.join('; '),
    )
  },
}

const parts: BrokerRecord = {
  name: 'parts',
  meaning: 'a message of several parts, and the messages of a batch, are settled when all of it is, and not before',
  settings: { partitions: 1 },
  *program(run) {
    yield* run.publish(4)
    const open = new Set<number>()
    const split = flatThrough((n: number) => {
      open.add(n)
      return [n, n, n]
    })
    let last = 0
    const slow = through(function* (n: number) {
      yield* sleep(run.lease / 10)
      const { waiting, underWay } = yield* run.lag()
      holds(
        waiting + underWay >= 4 - Math.floor(last / 3),
        `after ${last} of 12 parts only ${waiting + underWay} of 4 messages are not settled`,
      )
      last++
      return n
    })
    yield* run.worker((link) =>
      run.in(link).pipe(
        workerPool(1, split),
        workerPool(1, slow),
        batch({ size: 4 }),
        workerPool(
          1,
          through((all: number[]) => all.length),
        ),
        link.to({ topic: 'out' }),
        settle(),
      ),
    )
    yield* run.finished()
    const out = yield* run.out()
    holds(out.length === 3 && out.every((size) => size === 4), () => `batches of ${text(out)}`)
  },
}

export const settling: readonly BrokerRecord[] = [retryKeepsOrder, poison, kept, dropped, parts]
