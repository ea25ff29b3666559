/** Laws of brokers about workers and brokers that are killed, wherever the schedule says. */
import { byKey, settle, through, type Delivery } from '../../../adapters/broker/index.js'
import { workerPool } from '../../../operators/index.js'
import { gosched, sleep, type Context, type Op } from '../../../runtime/index.js'
import { holds, text } from '../support/assertions.js'
import { N, usual } from './delivering.js'
import type { BrokerRecord } from './record.js'
import { complete, exactlyOnce, inOrder, performed, WINDOW, type BrokerRun, type Build } from './run.js'

/** Messages whose effect may be repeated after a kill: those of the windows of two partitions. */
const MOST_REPEATED = 2 * WINDOW

/** A moment, as the schedule chooses: between two turns, or some ms later. */
function* aMoment({ trial, lease }: BrokerRun): Generator<never, void> {
  for (let turns = trial.choose(16); turns > 0; turns--) yield* gosched()
  yield* sleep((trial.choose(12) * lease) / 30)
}

function* killBroker({ broker, lease }: BrokerRun): Generator<never, void> {
  yield* performed(broker.kill())
  yield* sleep(lease / 10)
  yield* performed(broker.restart())
}

/** Everything came out, in order, and no more was repeated than may be. */
function* judged(run: BrokerRun, kills = 1): Generator<never, void> {
  yield* run.finished()
  const out = yield* run.out()
  complete(out, N)
  if (run.use === 'log') inOrder(out)
  holds(out.length - N <= kills * MOST_REPEATED, () => `${out.length - N} repeated: ${text(out)}`)
}

const unsettled: BrokerRecord = {
  name: 'unsettled comes again',
  meaning: 'what a worker had, and did not settle, comes to another when the worker is gone',
  *program(run) {
    yield* run.publish(N)
    const stuck = yield* run.worker(usual(run, (n) => sleep(1000 * run.lease).map(() => n)))
    yield* sleep(run.lease)
    const { underWay } = yield* run.lag()
    holds(underWay > 0, 'nothing was delivered')
    yield* stuck.crash()
    yield* run.worker(usual(run))
    yield* run.finished()
    exactlyOnce(yield* run.out(), N)
  },
}

const workerCrash: BrokerRecord = {
  name: 'kill of a worker',
  meaning: 'a worker that is killed loses nothing, and repeats no more than the window of its partition',
  settings: { partitions: 1 },
  withFaults: true,
  *program(run) {
    yield* run.publish(N)
    const killed = yield* run.worker(usual(run))
    yield* run.worker(usual(run))
    yield* aMoment(run)
    yield* killed.crash()
    yield* judged(run, 2)
  },
}

const brokerCrash: BrokerRecord = {
  name: 'kill of the broker',
  meaning: 'a broker that is killed and started again loses nothing, and repeats no more than the windows',
  *program(run) {
    yield* run.publish(N)
    for (let n = 0; n < 2; n++) yield* run.worker(usual(run))
    yield* aMoment(run)
    yield* killBroker(run)
    yield* judged(run, 2)
  },
}

const bothCrash: BrokerRecord = {
  name: 'kill of both',
  meaning: 'a worker and the broker that are killed, one after the other, lose nothing',
  *program(run) {
    yield* run.publish(N)
    const killed = yield* run.worker(usual(run))
    yield* run.worker(usual(run))
    yield* aMoment(run)
    if (run.trial.choose(2) === 0) yield* killed.crash()
    yield* killBroker(run)
    yield* aMoment(run)
    yield* killed.crash()
    yield* judged(run, 3)
  },
}

const takeover: BrokerRecord = {
  name: 'takeover in order',
  meaning: 'the next owner of a partition begins at the first message that is not settled, and goes on in order',
  uses: ['log'],
  settings: { partitions: 1 },
  *program(run) {
    yield* run.publish(N)
    const first: number[] = []
    const second: number[] = []
    const writing = (seen: number[]) => (n: number) => run.pause(2).map(() => (seen.push(n), n))
    const killed = yield* run.worker(usual(run, writing(first)))
    yield* aMoment(run)
    yield* killed.crash()
    yield* run.worker(usual(run, writing(second)))
    yield* run.finished()
    inOrder(second)
    inOrder([...first, ...second])
    holds(new Set(second).size === second.length, () => `repeated within one ownership: ${text(second)}`)
    complete(yield* run.out(), N)
  },
}

const idleTakeovers: BrokerRecord = {
  name: 'idle takeovers',
  meaning: 'a partition that goes from owner to owner while nothing is under way counts no attempts',
  uses: ['log'],
  settings: { partitions: 1 },
  *program(run) {
    yield* run.publish(1)
    const first = yield* run.worker(usual(run))
    yield* run.finished()
    yield* first.crash()
    for (let lives = 0; lives < 2; lives++) {
      const idle = yield* run.worker(usual(run))
      yield* sleep(2 * run.lease)
      yield* idle.crash()
    }
    const attempts: number[] = []
    const noting = (n: number, _ctx: Context, { attempt }: Delivery<number>): number => {
      attempts.push(attempt)
      return n
    }
    yield* run.worker((link) => run.in(link).pipe(workerPool(1, through(noting)), link.to({ topic: 'out' }), settle()))
    yield* sleep(2 * run.lease)
    yield* run.publish(2, 1)
    yield* run.finished()
    holds(attempts.length === 1 && attempts[0] === 1, () => `the attempts of a message that was delivered once: ${text(attempts)}`)
  },
}

const lostAcknowledgement: BrokerRecord = {
  name: 'lost acknowledgements',
  meaning: 'an acknowledgement that is lost, by itself or with the broker, holds nothing up',
  settings: { window: 2, partitions: 1 },
  withFaults: true,
  *program(run) {
    yield* run.publish(N)
    yield* run.worker(usual(run))
    if (run.trial.choose(2) === 0) {
      yield* aMoment(run)
      yield* killBroker(run)
    }
    yield* run.finished()
    complete(yield* run.out(), N)
  },
}

const zombie: BrokerRecord = {
  name: 'zombie',
  meaning: 'a worker that was stopped for three leases and goes on harms nobody: its settlements move no mark, and nothing is lost',
  *program(run) {
    yield* run.publish(N)
    const { link } = yield* run.worker(usual(run))
    yield* aMoment(run)
    yield* performed(link.suspend?.())
    const other = yield* run.worker(usual(run, (n) => sleep(run.lease / 2).map(() => n)))
    yield* sleep(3 * run.lease)
    const before = yield* run.lag()
    yield* performed(link.resume?.())
    yield* sleep(1)
    const after = yield* run.lag()
    const [was, is] = [before, after].map(({ waiting, underWay }) => waiting + underWay)
    holds(is <= was, () => `its settlements moved a mark backwards: ${was} messages were not settled, and then ${is}`)
    yield* aMoment(run)
    yield* other.crash()
    yield* run.worker(usual(run))
    yield* run.finished()
    const out = yield* run.out()
    complete(out, N)
  },
}

const poisonOfProcesses: BrokerRecord = {
  name: 'poison that ends processes',
  meaning: 'a message that ends each process that works on it becomes a dead letter after its attempts, and the others come out',
  settings: { partitions: 1 },
  *program(run) {
    const letters: unknown[] = []
    const bad = run.trial.choose(4)
    yield* run.publish(5)
    let isDead = false
    const work = (n: number): Op<number> => {
      if (n === bad) isDead = true
      return n === bad ? sleep(1000 * run.lease).map(() => n) : run.pause().map(() => n)
    }
    // In a queue the messages beside the poison end with its process too, and are counted: there none is beside it.
    const stage = run.use === 'log' ? byKey<number, number>((d) => d.key, 2, work) : workerPool(1, through(work))
    const build: Build = (link) =>
      run
        .in(link, { prefetch: 1 })
        .pipe(stage, link.to({ topic: 'out' }), settle({ attempts: 2, deadLetters: ({ payload }) => void letters.push(payload) }))
    for (let lives = 0; lives < 12 && letters.length === 0; lives++) {
      isDead = false
      const worker = yield* run.worker(build)
      yield* run.until(
        () => isDead || letters.length > 0,
        () => `after ${lives} lives: neither the poison nor its dead letter came`,
      )
      if (letters.length === 0) yield* worker.crash()
    }
    yield* run.finished()
    holds(letters.length === 1 && letters[0] === bad, () => `dead letters: ${JSON.stringify(letters)}, expected ${bad}`)
    const out = yield* run.out()
    holds(
      [0, 1, 2, 3, 4].every((n) => n === bad || out.includes(n)),
      () => `came out: ${text(out)}; the poison is ${bad}`,
    )
  },
}

export const crashing: readonly BrokerRecord[] = [
  unsettled,
  workerCrash,
  brokerCrash,
  bothCrash,
  takeover,
  idleTakeovers,
  lostAcknowledgement,
  zombie,
  poisonOfProcesses,
]
