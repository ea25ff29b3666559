/** Kafka as the subject of the laws of brokers: topics of its own for each run, and a worker behind a proxy that can be cut. */
import { fetchV17, listOffsetsV9, Producer } from '@platformatic/kafka'
import { background } from 'millrace'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import type { Delivery } from 'millrace/broker'
import { fromKafka, plan, toKafka } from 'millrace/kafka'
import type { BrokerLawLink, BrokerLawSubject, BrokerSettings, OpenBroker, StoredMessage } from 'millrace/testing'
import type { Observable, OperatorFunction } from 'rxjs'
import { Proxy } from '../proxy.js'
import type { KafkaServer, Slot } from './server.js'

let runs = 0

export function clientAt(address: string, more: object = {}): Producer {
  return new Producer({ clientId: 'test', bootstrapBrokers: [address], retries: 1, retryDelay: 100, ...more })
}

export const openKafka =
  (server: KafkaServer): OpenBroker =>
  async ({ partitions, window }: BrokerSettings): Promise<BrokerLawSubject> => {
    const run = `run${runs++}`
    const client = clientAt(server.address)
    const name = (topic: string): string => `${run}.${topic}`
    for (const topic of ['in', 'out']) await plan(client, { log: name(topic), partitions: topic === 'in' ? partitions : 1 }).apply()
    const publisher = toKafka(client, { topic: name('in') })
    const links: KafkaLink[] = []
    return {
      publish: (_topic, value, options) => publishing(background, outgoing(value, options), publisher).join(),
      async connect() {
        const link = new KafkaLink(server, { name, group: run, partitions, window })
        links.push(link)
        await link.open()
        return link
      },
      messages: (topic) => storedIn(client, name(topic)),
      kill: () => server.kill(),
      restart: () => server.start(),
      async close() {
        for (const link of links) await link.cut()
        await client.close()
      },
    }
  }

/** The messages of a topic of one partition, by the requests of Kafka alone. */
export async function storedIn(client: Producer, topic: string): Promise<readonly StoredMessage[]> {
  const { topics, brokers } = await client.metadata({ topics: [topic], forceUpdate: true })
  const { id, partitions } = topics.get(topic) ?? { id: '', partitions: [] }
  const broker = brokers.get(partitions[0].leader)
  if (broker === undefined) throw new Error('no leader')
  const connection = await client.connections.get(broker)
  const asked = { partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n }
  const ends = await listOffsetsV9.api.async(connection, -1, 0, [{ name: topic, partitions: [asked] }])
  const end = ends.topics[0].partitions[0].offset
  const all: StoredMessage[] = []
  for (let fetchOffset = 0n; fetchOffset < end;) {
    const part = { partition: 0, currentLeaderEpoch: -1, fetchOffset, lastFetchedEpoch: -1, partitionMaxBytes: 1 << 24 }
    const { responses } = await fetchV17.api.async(connection, 100, 1, 1 << 24, 0, 0, -1, [{ topicId: id, partitions: [part] }], [], '')
    for (const batch of responses[0].partitions[0].records ?? []) {
      fetchOffset = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n
      for (const { key, value, headers } of batch.records)
        all.push({
          value: JSON.parse(String(value)) as unknown,
          key: key === null ? null : String(key),
          headers: new Map(headers.map(([header, text]) => [String(header), String(text)])),
        })
    }
  }
  return all
}

interface LinkSettings {
  readonly name: (topic: string) => string
  readonly group: string
  readonly partitions: number
  readonly window: number
}

class KafkaLink implements BrokerLawLink {
  private _client: Producer | null = null
  private _proxy: Proxy | null = null
  private _slot: Slot | null = null

  constructor(
    private readonly _server: KafkaServer,
    private readonly _settings: LinkSettings,
  ) {}

  async open(): Promise<void> {
    const slot = (this._slot = this._server.take())
    this._proxy = new Proxy(slot.port)
    await this._proxy.listen(slot.advertised)
    this._client = clientAt(`127.0.0.1:${slot.advertised}`)
  }
  private get _opened(): Producer {
    return this._client as Producer // opened
  }
  from<T>({ log = '', queue: _queue, ...options }: Parameters<BrokerLawLink['from']>[0]): Observable<Delivery<T>> {
    const { name, group, partitions, window } = this._settings
    return fromKafka<T>(this._opened, { ...options, log: name(log), group, partitions, window, poll: 200, beat: 200 })
  }
  to<T>({ topic }: { readonly topic: string }): OperatorFunction<Delivery<T>, Delivery<T>> {
    return toKafka<T>(this._opened, { topic: this._settings.name(topic) })
  }
  async cut(): Promise<void> {
    const slot = this._slot
    this._slot = null
    if (slot === null) return
    await this._proxy?.closed()
    await this._client?.close()
    this._server.giveBack(slot)
  }
  suspend(): void {
    this._proxy?.hold(true)
  }
  resume(): void {
    this._proxy?.hold(false)
  }
}
