/**
 * The way to the brokers of a cluster: who leads a partition, who coordinates a group, and requests that are repeated while the server
 * is away, for `patience` ms at most.
 *
 * Always true:
 * - the facts of the cluster are forgotten with each request that failed, and learned anew with the next;
 * - a connection that has left a request without an answer is closed, so that the next attempt has another: a router may have
 *   forgotten it, and TCP would wait for a quarter of an hour.
 */
import {
  apiVersionsV3,
  clientSoftwareName,
  clientSoftwareVersion,
  ConnectionPool,
  findCoordinatorV6,
  kOptions,
  metadataV12,
  NetworkError,
  type Broker,
  type Connection,
} from '@platformatic/kafka'
import { after, fromPromise, select, sleep } from '../../runtime/index.js'
import { isInstance, mistyped, time } from '../../runtime/internal.js'
import { connectionIn } from './connections.js'
import { isAway, says, translated, type KafkaClient } from './client.js'
import { KafkaAwayError, KafkaClosedError, KafkaSetupError, KafkaVersionError } from './errors.js'

export interface Topic {
  readonly id: string
  /** The nodes that lead the partitions. */
  readonly leaders: readonly number[]
}

/** ms between two attempts. */
const PAUSE = 100
/** ms that an answer may take; then its connection may be dead, and the request is sent again over another. */
export const ANSWER = 10_000
/** ms in which a topic that was created becomes known to all brokers. */
const SPREADING = 1000
/** The key of a coordinator is the name of a group. */
const OF_GROUP = 0

/** Requests whose versions Kafka 4.0 has. */
const NEEDED: Readonly<Record<string, number>> = { ConsumerGroupHeartbeat: 1, Fetch: 17, OffsetCommit: 9, OffsetFetch: 9, Produce: 11 }

export class Cluster {
  private _brokers: ReadonlyMap<number, Broker> = new Map()
  private readonly _topics = new Map<string, Topic>()
  private readonly _coordinators = new Map<string, number>()
  /** The connections that are used, by their nodes. */
  private readonly _used = new Map<number, Connection>()
  private _isChecked = false
  private _isClosed = false

  /** `pool`: the connections; those of the client, or others with its settings. */
  constructor(
    /** The function of the user, for errors. */
    readonly where: string,
    readonly client: KafkaClient,
    readonly patience: number,
    private readonly _pool: ConnectionPool = poolOf(where, client),
  ) {}

  /** The same cluster over connections of its own, which its user closes. */
  apart(): { readonly cluster: Cluster; readonly pool: ConnectionPool } {
    const pool = this.newPool()
    return { cluster: new Cluster(this.where, this.client, this.patience, pool), pool }
  }

  /** Connections with the settings of the client. A request that waits holds up those behind it on its connection. */
  newPool(): ConnectionPool {
    const settings = (this.client as unknown as Readonly<Record<symbol, object | undefined>>)[kOptions] // of its class
    if (settings === undefined) throw mistyped(`${this.where}: client`, 'a client of the installed @platformatic/kafka', this.client)
    return new ConnectionPool(this.client.clientId, settings)
  }

  /** The answer, however often it must be asked for. A topic that is missing may have been created within the last `spreading` ms. */
  *asked<T>(ask: () => Promise<T>, spreading = SPREADING): Generator<never, T> {
    const since = time.timers.now()
    for (;;) {
      const left = Math.max(PAUSE, this.patience - (time.timers.now() - since))
      const chosen = yield* select({ answer: fromPromise(ask()).attempt(), late: after(Math.min(left, ANSWER)) })
      const answer = chosen.case === 'answer' ? chosen.value : ({ _tag: 'Left', left: new NetworkError('no answer') } as const)
      if (answer._tag === 'Right') return answer.right
      if (chosen.case === 'late') this.disconnect()
      const error = answer.left
      this.forget()
      if (this._isClosed || this.client.closed) throw new KafkaClosedError(this.where)
      const waited = time.timers.now() - since
      if (!isAway(error) && !(isInstance(error, MissingTopic) && waited < spreading)) throw translated(this.where, error)
      if (waited >= this.patience) throw new KafkaAwayError(this.where, this.patience, error)
      yield* sleep(PAUSE)
    }
  }

  /** Closes the connections that are used: requests under way fail, and may be sent again. */
  disconnect(): void {
    for (const connection of this._used.values()) connection.socket?.destroy()
    this._used.clear()
  }

  /** Nothing is asked any more. */
  close(): void {
    this._isClosed = true
  }

  /** The facts of the cluster may be wrong. */
  forget(): void {
    this._brokers = new Map()
    this._topics.clear()
    this._coordinators.clear()
  }

  async topic(name: string): Promise<Topic> {
    const known = this._topics.get(name)
    if (known !== undefined) return known
    const topic = await this.find(name)
    if (topic === null) throw new MissingTopic(this.where, name)
    return topic
  }

  /** The topic, as it is now; null where there is none. */
  async find(name: string): Promise<Topic | null> {
    const connection = await this.connection()
    try {
      const { brokers, topics } = await metadataV12.api.async(connection, [name], false, false)
      this._brokers = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
      const [{ topicId, partitions }] = topics
      const leaders = [...partitions].sort((a, b) => a.partitionIndex - b.partitionIndex).map(({ leaderId }) => leaderId)
      const topic = { id: topicId, leaders }
      this._topics.set(name, topic)
      return topic
    } catch (error) {
      if (says(error, /^UNKNOWN_TOPIC_OR_PARTITION$/)) return null
      throw error
    }
  }

  /** The brokers, from those that the settings of the client name. */
  private async _begin(): Promise<ReadonlyMap<number, Broker>> {
    const given: unknown = await this.client.metadata({ topics: [], forceUpdate: true })
    const { brokers } = (given ?? {}) as { readonly brokers?: unknown } // of the client
    if (!(brokers instanceof Map)) throw mistyped(`${this.where}: client.metadata(): the result`, 'an object with the brokers', given)
    return brokers as ReadonlyMap<number, Broker> // of the client
  }

  /** A connection to the broker with this number; to any, without one. */
  async connection(node?: number): Promise<Connection> {
    const connection = await this.unchecked(node)
    if (this._isChecked) return connection
    for (const [name, version] of Object.entries(lacksOf(await versionsOf(connection))))
      throw new KafkaVersionError(this.where, `${name} ${version}`)
    this._isChecked = true
    return connection
  }

  /** As `connection`, also to a server that is too old. */
  async unchecked(node?: number): Promise<Connection> {
    if (this._brokers.size === 0) this._brokers = await this._begin()
    return await this.connectionOf(this._pool, node ?? [...this._brokers.keys()][0] ?? -1)
  }

  /** The highest version of each request that a broker knows. */
  async versions(): Promise<ReadonlyMap<string, number>> {
    return versionsOf(await this.unchecked())
  }

  /** A connection of others to a broker. */
  async connectionOf(pool: ConnectionPool, node: number): Promise<Connection> {
    const broker = this._brokers.get(node)
    if (broker === undefined) throw new NetworkError(`the broker ${node} is not known`)
    const connection = await connectionIn(pool, broker)
    if (pool === this._pool) this._used.set(node, connection)
    return connection
  }

  /** A connection to the coordinator of a group. */
  async coordinator(group: string): Promise<Connection> {
    let node = this._coordinators.get(group)
    if (node === undefined) {
      const { coordinators } = await findCoordinatorV6.api.async(await this.connection(), OF_GROUP, [group])
      const { nodeId, host, port } = coordinators[0]
      node = nodeId
      if (!this._brokers.has(nodeId)) this._brokers = new Map([...this._brokers, [nodeId, { host, port }]])
      this._coordinators.set(group, nodeId)
    }
    return await this.connection(node)
  }
}

async function versionsOf(connection: Connection): Promise<ReadonlyMap<string, number>> {
  const { apiKeys } = await apiVersionsV3.api.async(connection, clientSoftwareName, String(clientSoftwareVersion))
  return new Map(apiKeys.map(({ name, maxVersion }) => [name, maxVersion]))
}

/** The requests that a broker with these versions does not know, with the version that is needed. */
export function lacksOf(versions: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(NEEDED).filter(([name, version]) => (versions.get(name) ?? -1) < version))
}

class MissingTopic extends KafkaSetupError {
  constructor(where: string, topic: string) {
    const name = JSON.stringify(topic)
    super(where, `the topic ${name} is missing: plan(client, { log: ${name} }).apply() creates it`)
  }
}

function poolOf(where: string, client: KafkaClient): ConnectionPool {
  const { connections } = client as unknown as { readonly connections?: unknown } // of the class of the client
  if (connections instanceof ConnectionPool) return connections
  throw mistyped(where, 'a client of the installed @platformatic/kafka', client)
}
