/** The laws of brokers, and of the adapters that speak to them. */
import { background, go, withTimeout } from '../../../runtime/index.js'
import type { Trial } from '../../explore/trial.js'
import { Injector } from '../../faults/index.js'
import { judge, lawsOf, type Law, type LawRecord } from '../law.js'
import { crashing } from './crashing.js'
import { delivering } from './delivering.js'
import { owning } from './owning.js'
import type { BrokerRecord } from './record.js'
import { running, type Use } from './run.js'
import { settling } from './settling.js'
import { brokerSubject, type BrokerLawOptions, type BrokerSubject, type OpenBroker } from './subject.js'

const records: readonly BrokerRecord[] = [...delivering, ...crashing, ...owning, ...settling]

const BOTH: readonly Use[] = ['log', 'queue']

/** Faults of the broker itself that a schedule chooses. */
const MOST = { crashes: 0, lostAcknowledgements: 2, redeliveries: 2 } as const

/**
 * The laws of a broker and its adapter. `open(settings)` opens a broker without topics, with those partitions, lease and
 * window; `connect()` is the connection of a worker, whose `from` and `to` are those of the adapter. The laws say:
 * everything that was published comes out, also where a worker, the broker or both are killed at any moment; in order
 * within a partition and a key; a drain repeats nothing; leases are kept by beats; a takeover begins at the mark; what is
 * given up becomes a dead letter; what a filter drops is reported; nothing is left at the end.
 *
 * Over a broker in memory each law runs under many schedules, which choose where the kill, a lost acknowledgement and a
 * redelivery happen; a broken law rejects with LawError, and its token replays the run. With `realTime` each law runs
 * once as a log and once as a queue, against a broker outside this process, and has no token. Throws TypeError or
 * RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const drain = laws.broker(memoryBroker, { schedules: 20 }).find(({ name }) => name === 'drain')
 * await drain?.check()
 * ```
 */
export function brokerLaws(open: OpenBroker, options: BrokerLawOptions = {}): readonly Law[] {
  const subject = brokerSubject(
    open,
    options,
    records.map(({ name }) => name),
  )
  const kept = records.filter(({ name }) => !Object.hasOwn(options.except ?? {}, name))
  if (subject.isReal) return kept.flatMap((record) => (record.uses ?? BOTH).map((use) => inRealTime(record, use, subject)))
  return lawsOf(kept.map(explored), subject, options)
}

function explored({ name, meaning, uses = BOTH, settings, withFaults = false, program }: BrokerRecord): LawRecord<BrokerSubject> {
  return {
    name,
    meaning,
    timers: 'when-idle',
    steps: 100_000,
    *program(subject, trial) {
      const use = uses[trial.choose(uses.length)]
      const faults = withFaults ? { faults: trial, most: MOST } : {}
      yield* running(subject, trial, { use, settings: { ...settings, ...faults } }, program)
    },
  }
}

/** The longest time of a law in real time, in ms. */
const LONGEST = 60_000

/** Where nothing chooses, the middle is chosen. */
const settled: Trial = {
  choose: (n) => Math.floor(n / 2),
  now: () => performance.now(),
  faults: (most) => new Injector({ chooses: () => false, tells: () => {} }).faults('run.faults(', most),
}

function inRealTime({ name, meaning, settings = {}, program }: BrokerRecord, use: Use, subject: BrokerSubject): Law {
  const check = (): Promise<void> =>
    judge({ name: `${name}, ${use}`, meaning }, async () => {
      await go(function* law() {
        using ctx = withTimeout(background, LONGEST)
        yield* go(running, subject, settled, { use, settings }, program).join().within(ctx)
      }).join()
    })
  return { name: `${name}, ${use}`, meaning, check, replay: check }
}
