/** A topic that was created becomes known to the brokers later, on a busy server by seconds. In virtual time, without a server. */
import { ConnectionPool, type Connection } from '@platformatic/kafka'
import { plan } from 'millrace/kafka'
import { bubble } from 'millrace/testing'
import { expect, it } from 'vitest'
import { time } from '../../../src/runtime/internal.js'
import { kafkaStub } from '../../support/kafka-stub.js'

type Answered = (error: Error | null, answer?: object) => void

const METADATA = 3
const CREATE_TOPICS = 19

const stub = kafkaStub() as ReturnType<typeof kafkaStub> & { readonly connections: ConnectionPool }
const unknown = Object.assign(new Error('of the server'), { apiId: 'UNKNOWN_TOPIC_OR_PARTITION' })

/** A client whose servers know a topic so many ms after its creation. */
function clientKnowing(spreading: number): typeof stub {
  let known = Infinity
  class Pool extends ConnectionPool {
    override get(): void
    override get(): Promise<Connection>
    override async get(): Promise<Connection> {
      const answering = await stub.connections.get({ host: 'stub', port: 1 })
      const send = (...args: Parameters<Connection['send']>) => {
        const [request, answered] = [args[0], args.at(-1) as Answered]
        if (request === METADATA && time.timers.now() < known) return answered(unknown)
        if (request !== CREATE_TOPICS) return answering.send(...args)
        known = time.timers.now() + spreading
        answered(null, { topics: [] })
      }
      return { send } as unknown as Connection // the part that is used
    }
  }
  return { ...stub, connections: new Pool('stub') }
}

it('a plan waits until the topic that it has created is known', async () => {
  const changes = await bubble(async () => await plan(clientKnowing(5000), { log: 'topic' }).apply())
  expect(changes).toEqual([{ kind: 'create', what: 'topic "topic"', differences: [] }])
})

it('for its patience at most', async () => {
  const failed = bubble(async () => await plan(clientKnowing(60_000), { log: 'topic', patience: 2000 }).apply())
  await expect(failed).rejects.toMatchObject({ name: 'KafkaAwayError', cause: { name: 'KafkaSetupError' } })
})
