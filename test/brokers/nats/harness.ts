/** NATS as the subject of the laws of brokers: a server for each run, and a worker behind a proxy that can be cut. */
import { setTimeout as pause } from 'node:timers/promises'
import { connect, headers, RequestError, TimeoutError, type NatsConnection } from '@nats-io/transport-node'
import type { Delivery } from 'millrace/broker'
import { fromNats, plan, subjectToken, toNats } from 'millrace/nats'
import type { BrokerLawLink, BrokerLawSubject, BrokerSettings, StoredMessage } from 'millrace/testing'
import type { Observable, OperatorFunction } from 'rxjs'
import { Proxy } from '../proxy.js'
import { startServer } from '../server.js'

const RECONNECT = { reconnectTimeWait: 50, reconnectJitter: 0, maxReconnectAttempts: -1, ignoreClusterUpdates: true, noAsyncTraces: true }

/** A server, or a cluster with one address. */
export interface Place {
  readonly port: number
  readonly replicas: number
  kill(nc: NatsConnection): Promise<void>
  restart(): Promise<void>
  /** The run is over. */
  close(nc: NatsConnection): Promise<void>
}

export async function openNats(settings: BrokerSettings): Promise<BrokerLawSubject> {
  const server = await startServer()
  const { port } = server
  return openAt({ port, replicas: 1, kill: () => server.kill(), restart: () => server.start(), close: () => server.close() }, settings)
}

export async function openAt(place: Place, { partitions, lease, window }: BrokerSettings): Promise<BrokerLawSubject> {
  const { port, replicas } = place
  const nc = await connect({ port, ...RECONNECT })
  await plan(nc, { log: 'in', partitions, lease, window, replicas }).apply()
  await plan(nc, { queue: 'in', lease, window: 1000, replicas }).apply()
  await plan(nc, { queue: 'out', replicas }).apply()
  const links: NatsLink[] = []
  return {
    async publish(topic, value, { key, headers: given = new Map<string, string>() }) {
      const h = headers()
      for (const [name, text] of given) h.set(name, text)
      h.set('Millrace-Key', key)
      await nc.request(`${topic}.${subjectToken(key)}`, JSON.stringify(value), { timeout: 10_000, headers: h })
    },
    async connect() {
      const link = new NatsLink({ partitions, lease, window })
      links.push(link)
      await link.open(port)
      return link
    },
    messages: (topic) => read(nc, topic),
    kill: () => place.kill(nc),
    restart: () => place.restart(),
    async close() {
      for (const link of links) await link.cut()
      await place.close(nc)
      await nc.close()
    },
  }
}

/** The answer to a question. In a cluster a stream may have no leader for a time, and nobody answers then. */
async function answerTo<T>(nc: NatsConnection, subject: string, body = ''): Promise<T> {
  for (;;) {
    try {
      return (await nc.request(subject, body, { timeout: 2000 })).json<T>()
    } catch (error) {
      const isUnanswered = error instanceof TimeoutError || (error instanceof RequestError && error.isNoResponders())
      if (!isUnanswered) throw error
      await pause(50)
    }
  }
}

/** The messages of a stream, one by one. */
async function read(nc: NatsConnection, stream: string): Promise<readonly StoredMessage[]> {
  const { state } = await answerTo<{ readonly state: { readonly last_seq: number } }>(nc, `$JS.API.STREAM.INFO.${stream}`)
  const all: StoredMessage[] = []
  for (let seq = 1; seq <= state.last_seq; seq++) {
    const { message } = await answerTo<{ readonly message: { readonly data?: string; readonly hdrs?: string } }>(
      nc,
      `$JS.API.STREAM.MSG.GET.${stream}`,
      JSON.stringify({ seq }),
    )
    const lines = Buffer.from(message.hdrs ?? '', 'base64')
      .toString()
      .split('\r\n')
      .slice(1)
    const pairs = lines
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const)
    const found = new Map(pairs)
    const value: unknown = JSON.parse(Buffer.from(message.data ?? '', 'base64').toString())
    all.push({ value, key: found.get('Millrace-Key') ?? null, headers: found })
  }
  return all
}

class NatsLink implements BrokerLawLink {
  private _nc: NatsConnection | null = null
  private _proxy: Proxy | null = null
  private _isCut = false

  constructor(private readonly _settings: BrokerSettings) {}

  async open(port: number): Promise<void> {
    this._proxy = new Proxy(port)
    this._nc = await connect({ port: await this._proxy.listen(), ...RECONNECT })
  }
  private get _connection(): NatsConnection {
    return this._nc as NatsConnection // opened
  }
  from<T>({ log, queue, ...options }: Parameters<BrokerLawLink['from']>[0]): Observable<Delivery<T>> {
    const { partitions, lease, window } = this._settings
    const what = log === undefined ? { queue: queue ?? 'in' } : { log, partitions, window }
    return fromNats<T>(this._connection, { ...what, beat: lease / 3, ...options })
  }
  to<T>({ topic }: { readonly topic: string }): OperatorFunction<Delivery<T>, Delivery<T>> {
    return toNats<T>(this._connection, { subject: ({ key }) => `${topic}.${subjectToken(key ?? '')}` })
  }
  async cut(): Promise<void> {
    if (this._isCut) return
    this._isCut = true
    this._proxy?.cut()
    await this._nc?.close()
  }
  suspend(): void {
    this._proxy?.hold(true)
  }
  resume(): void {
    this._proxy?.hold(false)
  }
}
