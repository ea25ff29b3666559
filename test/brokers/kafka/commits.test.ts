/** The pace of commits, in virtual time: the member and its reads stand in for those of a server that answers at once. */
import type { KafkaRecord, RecordsBatch } from '@platformatic/kafka'
import { background, fromPromise, sleep } from 'millrace'
import { fromPull, settle, through } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { take } from 'rxjs'
import { expect, it } from 'vitest'
import { LogPartition } from '../../../src/adapters/broker/log-partition.js'
import type { Cluster } from '../../../src/adapters/kafka/cluster.js'
import { Commits } from '../../../src/adapters/kafka/commits.js'
import type { Fetched, Reading } from '../../../src/adapters/kafka/fetcher.js'
import { LogWay } from '../../../src/adapters/kafka/log-way.js'
import type { Membership } from '../../../src/adapters/kafka/membership.js'
import { time } from '../../../src/runtime/internal.js'

const MESSAGES = 400

/** An answer with ten messages from an offset on. */
function answerFrom(position: number): Fetched {
  const record = (offsetDelta: number) => ({ offsetDelta, timestampDelta: 0n, key: null, value: Buffer.from('0'), headers: [] })
  const records = Array.from({ length: 10 }, (_, i) => record(i) as unknown as KafkaRecord) // the part that is read
  const batch = { firstOffset: BigInt(position), lastOffsetDelta: 9, attributes: 0, firstTimestamp: 0n, records }
  return { errorCode: 0, records: [batch as unknown as RecordsBatch], abortedTransactions: [] } as unknown as Fetched // the part that is read
}

function memberWith(offsets: number[]): Membership {
  const cluster = { asked: (ask: () => Promise<unknown>) => fromPromise(ask()) } as unknown as Cluster // the part that commits use
  const send = (batch: readonly { readonly offset: number }[]): Promise<void> => {
    offsets.push(...batch.map(({ offset }) => offset))
    return Promise.resolve()
  }
  const member = {
    era: 0,
    commits: new Commits({ cluster, member: { era: 0 }, send, fenced: () => undefined }),
    fetcher: { want: ({ position, fetched }: Reading) => void Promise.resolve().then(() => fetched(answerFrom(position))) },
    add: () => undefined,
    *prepare() {},
    isAssigned: () => true,
    hold: () => undefined,
    holds: () => true,
    release: () => undefined,
    *remove() {},
    fail(cause: unknown) {
      throw cause
    },
    *committed() {
      yield* sleep(0)
      return { offset: 0, text: null }
    },
  }
  return member as unknown as Membership // the part that a partition uses
}

/** Works on the messages, each for some ms. Returns how long all of them took, and the offsets that were committed. */
function worked(ms: number, window: number): Promise<{ readonly took: number; readonly offsets: readonly number[] }> {
  return bubble(async () => {
    const offsets: number[] = []
    const membership = memberWith(offsets)
    const began = time.timers.now()
    const source = fromPull<number>(
      (lease) => {
        const parts = { cluster: null as unknown as Cluster, topic: 'in', partition: 0, window, poll: 1000, handOver: 1000 } // no offset is asked for
        const fail = (cause: unknown) => lease.fail(cause)
        const way = new LogWay({ ...parts, membership, fail })
        const driver = new LogPartition<number>(lease, way, { source: 'in', partition: 0, beat: 1000, window })
        way.driver = driver
        return driver
      },
      { beat: 1000 },
    )
    const work = through((n: number) => sleep(ms).map(() => n))
    await run(background, source.pipe(take(MESSAGES), workerPool(4, work), settle())).join()
    return { took: time.timers.now() - began, offsets }
  })
}

it('messages that are settled sooner than a pause between two commits do not wait for it', async () => {
  const { took, offsets } = await worked(0, 16)
  expect(offsets.at(-1)).toBe(MESSAGES)
  expect(took).toBeLessThan(100) // two pauses, of some 25 windows
})

it('messages that are settled slower than that are committed together', async () => {
  const rounds = MESSAGES / 4
  const { took, offsets } = await worked(12, 128)
  expect(took).toBeGreaterThanOrEqual(rounds * 12)
  expect(offsets.length).toBeLessThan(rounds / 2)
})
