/** The members of a group over a bus: who is to own a partition is the same for all, whatever they join, leave, and hear. */
import type { Msg, NatsConnection } from '@nats-io/nats-core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sleep } from 'millrace'
import { bubble } from 'millrace/testing'
import { Connection } from '../../src/adapters/nats/connection.js'
import { Members } from '../../src/adapters/nats/members.js'

const BEAT = 100
const PARTITIONS = [0, 1, 2, 3, 4]

type Listener = (error: Error | null, message: Msg) => void

/** A subject that all connections share; a message comes to each of them at once. */
class Bus {
  private readonly _listeners = new Set<Listener>()

  connection(): Connection {
    const nc: Partial<NatsConnection> = {
      closed: () => new Promise(() => {}),
      subscribe: (_subject, options) => {
        const listener = options?.callback as Listener // given
        this._listeners.add(listener)
        return { unsubscribe: () => void this._listeners.delete(listener) } as never // the part that is used
      },
      publish: (_subject, payload) => {
        this.say(String(payload))
      },
    }
    return new Connection(nc as NatsConnection) // the part that is used
  }

  say(text: string): void {
    const message = { json: () => JSON.parse(text) as unknown } as Msg // the part that is used
    for (const listener of [...this._listeners]) listener(null, message)
  }
}

const member = fc.integer({ min: 0, max: 3 })
const step = fc.oneof(
  fc.record({ does: fc.constantFrom('join', 'leave'), member, partition: fc.constantFrom(...PARTITIONS) }),
  fc.record({ does: fc.constant('passes'), ms: fc.integer({ min: 1, max: 2 * BEAT }) }),
  fc.record({ does: fc.constant('hears'), text: fc.oneof(fc.json(), fc.constantFrom('{', '{"member":"x"}', '{"member":1,"wants":[0]}')) }),
)

it('each partition that is wanted has one owner-to-be, whatever other code says on the subject', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      await bubble(function* () {
        const bus = new Bus()
        const parts = { subject: 'members', beat: BEAT, lease: 3 * BEAT, changed: () => undefined }
        const members = [0, 1, 2, 3].map((n) => new Members({ ...parts, link: bus.connection(), member: `m${n}` }))
        const wants = members.map(() => new Set<number>())
        for (const one of steps) {
          if ('partition' in one && one.does === 'join') {
            members[one.member].join(one.partition)
            wants[one.member].add(one.partition)
          } else if ('partition' in one) {
            members[one.member].leave(one.partition)
            wants[one.member].delete(one.partition)
          } else if ('text' in one) bus.say(one.text)
          else yield* sleep(one.ms)
        }
        yield* sleep(BEAT)
        for (const partition of PARTITIONS) {
          const wanting = members.filter((_, n) => wants[n].has(partition))
          expect(wanting.filter((one) => one.owns(partition))).toHaveLength(Math.min(1, wanting.length))
        }
        for (const partition of PARTITIONS) for (const one of members) one.leave(partition)
      })
    }),
    { numRuns: 300 },
  )
})
