/** A client of Kafka without a server: each topic has one partition, and stores what is published. */
import { ConnectionPool, kOptions, type Connection } from '@platformatic/kafka'
import type { KafkaClient } from 'millrace/kafka'

export interface KafkaStub {
  /** The highest versions of requests that the server knows, by name; default: all. */
  readonly versions?: Readonly<Record<string, number>>
  /** Errors of the client, which come in place of the first answers. */
  readonly failures?: Error[]
  /** The nodes with a copy of the topic, and those in sync; default: one node. */
  readonly replicas?: number
  readonly inSync?: number
  /** The settings of the topic; null: they are not told. */
  readonly settings?: Readonly<Record<string, string>> | null
}

const known = { ConsumerGroupHeartbeat: 1, Fetch: 17, OffsetCommit: 9, OffsetFetch: 9, Produce: 11 }

export function kafkaStub({ versions = {}, replicas = 1, inSync = replicas, settings = {}, failures = [] }: KafkaStub = {}): KafkaClient {
  const apiKeys = Object.entries({ ...known, ...versions }).map(([name, maxVersion]) => ({ name, maxVersion }))
  const nodes = (n: number): readonly number[] => Array.from({ length: n }, (_, node) => node + 1)
  const copies = { replicaNodes: nodes(replicas), isrNodes: nodes(inSync) }
  const partition = { partitionIndex: 0, index: 0, errorCode: 0, leaderId: 1, offset: 0n, committedOffset: 0n, metadata: null, ...copies }
  const topic = { name: 'topic', topicId: 'id', isInternal: false, errorCode: 0, partitions: [partition], partitionResponses: [partition] }
  const configs = Object.entries(settings ?? {}).map(([name, value]) => ({ name, value }))
  /** By the numbers of the requests. */
  const answers: Readonly<Record<number, object>> = {
    0: { responses: [topic] },
    2: { topics: [topic] },
    3: { brokers: [{ nodeId: 1, host: 'stub', port: 1 }], topics: [topic] },
    9: { groups: [{ topics: [topic] }] },
    10: { coordinators: [{ nodeId: 1, host: 'stub', port: 1 }] },
    18: { apiKeys },
    32: { results: [{ errorCode: settings === null ? 29 : 0, configs }] },
    69: { groups: [] },
    22: { producerId: 1n, producerEpoch: 0 },
  }
  const send = (...args: unknown[]): void => {
    const answered = args.at(-1) as (error: Error | null, answer?: object) => void // of the client
    const failure = failures.shift()
    if (failure !== undefined) return answered(failure)
    const answer = answers[args[0] as number] // the number of the request
    if (answer !== undefined) answered(null, answer)
  }
  class Pool extends ConnectionPool {
    override get(): void
    override get(): Promise<Connection>
    override get(): Promise<Connection> {
      return Promise.resolve({ send } as unknown as Connection) // the part that requests use
    }
  }
  const brokers = new Map([[1, { host: 'stub', port: 1 }]])
  const parts = { connections: new Pool('stub'), [kOptions]: {} }
  return { clientId: 'stub', closed: false, metadata: () => Promise.resolve({ brokers }), ...parts }
}
