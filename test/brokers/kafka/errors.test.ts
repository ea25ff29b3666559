/** Bad input and a server that is not as it should be: each has an error that says so, and nothing hangs. */
import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { offsetCommitV9, type Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { background, onLateFailure } from 'millrace'
import { settle } from 'millrace/broker'
import { run } from 'millrace/operators'
import { fromKafka, plan, toKafka, type FromKafka, type KafkaClient } from 'millrace/kafka'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { kafkaStub } from '../../support/kafka-stub.js'
import { clientAt } from './harness.js'
import { KafkaServer } from './server.js'

const server = new KafkaServer()
const clients: Producer[] = []
const clientOf = (address: string, more: object = {}): Producer => {
  const client = clientAt(address, more)
  clients.push(client)
  return client
}
let client: Producer
beforeAll(async () => {
  await server.start()
  client = clientOf(server.address)
})
afterAll(async () => {
  for (const one of clients) await one.close()
  await server.close()
})

const failure = (of: KafkaClient, options: FromKafka): Promise<unknown> =>
  Promise.resolve(run(background, fromKafka(of, options).pipe(settle())).join()).then(
    () => 'no failure',
    (error: unknown) => error,
  )
const store = (of: KafkaClient, topic: string, value: unknown, more: object = {}) =>
  publishing(background, outgoing(value), toKafka(of, { topic, ...more }))
    .join()
    .attempt()

describe('fromKafka', () => {
  it('says that the server is away', async () => {
    expect(await failure(clientOf('127.0.0.1:1'), { log: 'users', patience: 150 })).toMatchObject({
      name: 'KafkaAwayError',
      message: expect.stringMatching(/^fromKafka\(client, \{ log: "users" \}\): the server was away for 150 ms: /) as string,
    })
  })

  it('says that a server does not answer', async () => {
    const sockets: Socket[] = []
    const mute = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const { port } = mute.address() as { readonly port: number }
    expect(await failure(clientOf(`127.0.0.1:${port}`), { log: 'users', patience: 150 })).toMatchObject({
      name: 'KafkaAwayError',
      message: expect.stringContaining('no answer') as string,
    })
    for (const socket of sockets) socket.destroy()
    mute.close()
  })

  it('says that the client is closed', async () => {
    const closed = clientAt(server.address)
    await closed.close()
    expect(await failure(closed, { log: 'users' })).toMatchObject({ name: 'KafkaClosedError' })
  })

  it('says that a password is wrong', async () => {
    const sasl = { mechanism: 'PLAIN', username: 'ada', password: 'wrong' }
    expect(await failure(clientOf(`127.0.0.1:${server.lockedPort}`, { sasl }), { log: 'users' })).toMatchObject({
      name: 'KafkaRefusedError',
      code: 'SASL_AUTHENTICATION_FAILED',
    })
  })

  it('reads and publishes with credentials', async () => {
    const sasl = { mechanism: 'PLAIN', username: 'ada', password: 'secret' }
    const ada = clientOf(`127.0.0.1:${server.lockedPort}`, { sasl })
    await plan(ada, { log: 'locked' }).apply()
    expect((await store(ada, 'locked', 1))._tag).toBe('Right')
  })

  it('names the cure where the topic is missing, and fails once', async () => {
    const late: unknown[] = []
    const off = onLateFailure((error) => void late.push(error))
    expect(await failure(client, { log: 'nothing', partitions: 3 })).toMatchObject({
      name: 'KafkaSetupError',
      message: 'fromKafka(client, { log: "nothing" }): the topic "nothing" is missing: plan(client, { log: "nothing" }).apply() creates it',
    })
    off()
    expect(late).toEqual([])
  })

  it('says that the topic has another number of partitions', async () => {
    await plan(client, { log: 'two', partitions: 2 }).apply()
    expect(await failure(client, { log: 'two', partitions: 3 })).toMatchObject({
      name: 'KafkaSetupError',
      message: 'fromKafka(client, { log: "two" }): the topic "two" has 2 partitions, and partitions is 3',
    })
  })

  it('says that a group stands beyond the end of the topic', async () => {
    await plan(client, { log: 'short' }).apply()
    await plan(client, { log: 'short', group: 'far', from: 'new' }).apply()
    const { brokers } = await client.metadata({ topics: [] })
    const [broker] = [...brokers.values()]
    const connection = await client.connections.get(broker)
    const far = { partitionIndex: 0, committedOffset: 7n, committedLeaderEpoch: -1, committedMetadata: null }
    await offsetCommitV9.api.async(connection, 'far', -1, '', null, [{ name: 'short', partitions: [far] }])
    expect(await failure(client, { log: 'short', group: 'far' })).toMatchObject({
      name: 'KafkaSetupError',
      message: expect.stringContaining('the group has committed the offset 7 of partition 0, and the topic ends at 0') as string,
    })
  })

  it('says that Kafka has no queue', () => {
    const options = { queue: 'users' } as unknown as FromKafka // JavaScript
    expect(() => fromKafka(client, options)).toThrow(
      'fromKafka(client, { queue }): expected { log }: Kafka has no queue, but for share groups, which its client does not speak',
    )
  })

  it('names a server that is too old', async () => {
    const old = kafkaStub({ versions: { ConsumerGroupHeartbeat: 0 } })
    expect(await failure(old, { log: 'users' })).toMatchObject({
      name: 'KafkaVersionError',
      message: 'fromKafka(client, { log: "users" }): the server does not know ConsumerGroupHeartbeat 1: Kafka 4.0 or later is needed',
    })
  })
})

it.each(['OUT_OF_BOUNDS', 'PLT_KFK_UNEXPECTED_CORRELATION_ID', 'PLT_KFK_TIMEOUT'])(
  'asks again where the client has no answer that it can read: %s',
  async (code) => {
    const failing = () => [Object.assign(new Error('by the client'), { code })]
    expect(await plan(kafkaStub({ failures: failing() }), { log: 'topic' }).check()).toEqual([])
    const to = toKafka<string>(kafkaStub({ failures: failing() }), { topic: 'topic' })
    await publishing(background, outgoing('a'), to).join()
  },
)

describe('plan', () => {
  it('creates the topic, says what differs, and deletes nothing', async () => {
    const created = { kind: 'create', what: 'topic "planned"', differences: [] }
    const planned = plan(client, { log: 'planned', partitions: 2 })
    expect(await planned.check()).toEqual([created])
    expect(await planned.apply()).toEqual([created])
    expect([await planned.check(), await planned.apply()]).toEqual([[], []])
    const more = plan(client, { log: 'planned', partitions: 3 })
    const differs = { kind: 'differs', what: 'topic "planned"', differences: ['partitions: 2, and should be 3'] }
    expect([await more.apply(), await more.check()]).toEqual([[differs], [differs]])
  })

  it('may be applied by several processes at once', async () => {
    const applied = await Promise.all(Array.from({ length: 4 }, () => plan(client, { log: 'at.once' }).apply()))
    expect(applied).toHaveLength(4)
    expect(await plan(client, { log: 'at.once' }).check()).toEqual([])
  })

  it('is refused where there are fewer servers than copies', async () => {
    await expect(Promise.resolve(plan(client, { log: 'copies', replicas: 3 }).apply())).rejects.toMatchObject({
      name: 'KafkaRefusedError',
      code: 'INVALID_REPLICATION_FACTOR',
    })
  })
})

describe('toKafka', () => {
  it('names the topic that is missing', async () => {
    expect(await store(client, 'absent', 1)).toMatchObject({
      left: { name: 'KafkaSetupError', message: expect.stringContaining('the topic "absent" is missing') as string },
    })
  })

  it('says that a message is too large for its topic, and stores those beside it', async () => {
    await plan(client, { log: 'large' }).apply()
    const large = 'x'.repeat(8 << 20)
    const to = toKafka<string>(client, { topic: 'large', maxBytes: 16 << 20 })
    const all = await Promise.all(['a', large, 'b'].map((value) => publishing(background, outgoing(value), to).join().attempt()))
    expect(all.map(({ _tag }) => _tag)).toEqual(['Right', 'Left', 'Right'])
    expect(all[1]).toMatchObject({
      left: { name: 'KafkaTooLargeError', message: 'toKafka(): the message has 8388610 bytes, and the topic takes fewer' },
    })
  })
})
