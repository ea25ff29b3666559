/** A connection of a worker to the broker in memory. */
import type { Observable, OperatorFunction } from 'rxjs'
import { chan, type Op } from '../../../runtime/index.js'
import { checkCount, checkFunction, checkRecord } from '../../../runtime/internal.js'
import { workerPool } from '../../../operators/index.js'
import { NOTHING } from '../../../operators/internal.js'
import { envelopeOf, textOf, type Delivery } from '../delivery.js'
import { fromPull, type PullOptions } from '../from-pull.js'
import { withLag, type Lag } from '../lag.js'
import { letterHeaders } from '../letters/letter.js'
import type { DeadDelivery } from '../policy.js'
import { logOf } from '../partitions.js'
import { checkName, nameIn } from '../plan.js'
import { logDriver, queueDriver, type Connection } from './drivers.js'
import type { Publishing, Topic } from './topic.js'
import { Wire } from './wire.js'

/** The broker, as a link sees it. */
export interface Server {
  readonly isUp: boolean
  readonly lease: number
  readonly window: number
  topic(name: string): Topic
  removed(name: string): void
  /** A message is on its way, to or from this link: a crash may be chosen. */
  traffic(link: Link): void
  losesAcknowledgement(): boolean
  gone(link: Link): void
}

/** The source of `link.from`: a topic as a log or as a queue. */
export interface FromMemory extends PullOptions {
  /** The topic as a log: in order within a partition, and so within a key; settled up to a mark. */
  readonly log?: string
  /** The topic as a queue: workers compete, in any order; each message is settled by itself. */
  readonly queue?: string
}

/** A message to publish. */
export interface ToMemory<T> {
  /** The topic, or the topic of each delivery. */
  readonly topic: string | ((delivery: Delivery<T>) => string)
  /** The key of the message; default: that of the delivery. */
  readonly key?: (delivery: Delivery<T>) => string | null
  /** The value; default: that of the delivery. */
  readonly value?: (delivery: Delivery<T>) => unknown
  /** A message whose id the topic has is not stored again; default: no id. */
  readonly id?: (delivery: Delivery<T>) => string
  /** Messages that are published and not confirmed; default 64. */
  readonly window?: number
}

export class Link implements Connection {
  isAlive = true
  private readonly _toServer: Wire
  private readonly _toWorker: Wire
  private readonly _reconnecting = new Set<() => void>()
  private readonly _onCut = new Set<() => void>()
  /** Publishes that are not confirmed. */
  private readonly _unconfirmed = new Set<{ readonly topic: string; readonly message: Publishing; readonly stored: () => void }>()

  constructor(
    readonly member: number,
    private readonly _server: Server,
  ) {
    const before = (): void => _server.traffic(this)
    this._toServer = new Wire(() => this.isAlive && _server.isUp, before)
    this._toWorker = new Wire(() => this.isAlive && _server.isUp, before)
  }

  /** Sends something to the broker. */
  send(arrival: () => void): void {
    this._toServer.send(arrival)
  }
  /** Sends something to the worker. */
  tell(arrival: () => void): void {
    this._toWorker.send(arrival)
  }
  get losesAcknowledgement(): boolean {
    return this._server.losesAcknowledgement()
  }

  from<T = unknown>(options: FromMemory): Observable<Delivery<T>> {
    checkRecord('link.from(options)', 'an object', options, ['log', 'queue', 'name', 'prefetch', 'deadline', 'beat'])
    const { log, queue: _queue, ...pull } = options
    const name = nameIn('link.from(', options, checkName)
    const topic = this._server.topic(name)
    topic.consumedAs(log === undefined ? 'queue' : 'log')
    const { prefetch = 256, beat = this._server.lease / 3, name: stage = `from ${name}` } = pull
    const ofPull = { ...pull, name: stage, beat }
    const { window } = this._server
    const parts =
      log === undefined
        ? [fromPull<T>((lease) => queueDriver(topic, this, lease), ofPull)]
        : topic.log.map((_, i) => fromPull<T>((lease) => logDriver(topic, i, { link: this, beat: ofPull.beat, window }, lease), ofPull))
    return withLag(logOf(ofPull.name, prefetch * parts.length, parts), () => ready(() => topic.lag))
  }

  to<T>(options: ToMemory<T>): OperatorFunction<Delivery<T>, Delivery<T>> {
    checkRecord('link.to(options)', '{ topic, key?, value?, id?, window? }', options, ['topic', 'key', 'value', 'id', 'window'])
    const { topic, key = ({ key }: Delivery<T>) => key, value = ({ value }: Delivery<T>) => value, id, window = 64 } = options
    const topicOf = topicsOf(topic)
    checkFunction('link.to({ key })', key)
    checkFunction('link.to({ value })', value)
    if (id !== undefined) checkFunction('link.to({ id })', id)
    checkCount('link.to({ window })', 1, window)
    const publish = (delivery: Delivery<T>): Op<Delivery<T>> => {
      if (envelopeOf('link.to(): an item', delivery).admitted() === null) return NOTHING as never // the engine knows it
      const message = {
        value: value(delivery),
        key: textOf('link.to({ key })', key(delivery)),
        headers: delivery.headers,
        id: textOf('link.to({ id })', id?.(delivery)),
      }
      return this.publish(topicOf(delivery), message).map(() => delivery)
    }
    return workerPool(window, publish, { ordered: true, name: typeof topic === 'string' ? `to ${topic}` : 'to' })
  }

  deadLetters(topic: string): (letter: DeadDelivery) => Op<unknown> {
    checkName('link.deadLetters(topic)', topic)
    return (letter) => this.publish(topic, { value: letter.payload, key: letter.key, headers: letterHeaders(letter), id: null })
  }

  remove(topic: string): void {
    checkName('link.remove(topic)', topic)
    this._toServer.send(() => this._server.removed(topic))
  }

  /** Completes when the broker has stored the message. */
  publish(topic: string, message: Publishing): Op<unknown> {
    const confirmed = chan<void>(1)
    const unconfirmed = { topic, message, stored: () => void confirmed.trySend() }
    this._unconfirmed.add(unconfirmed)
    this._put(unconfirmed)
    return confirmed.receive()
  }

  private _put(unconfirmed: { readonly topic: string; readonly message: Publishing; readonly stored: () => void }): void {
    this._toServer.send(() => {
      this._server.topic(unconfirmed.topic).publish(unconfirmed.message)
      this._toWorker.send(() => {
        this._unconfirmed.delete(unconfirmed)
        unconfirmed.stored()
      })
    })
  }

  /** Completes when everything that was sent has arrived; at once where nothing will arrive. */
  flushed(): Op<unknown> | undefined {
    if (!this.isAlive || !this._server.isUp) return undefined
    const arrived = chan<void>(1)
    this._toServer.send(() => void arrived.trySend())
    this._onCut.add(() => void arrived.trySend())
    return arrived.receive()
  }

  onReconnect(f: () => void): () => void {
    this._reconnecting.add(f)
    return () => this._reconnecting.delete(f)
  }

  /** The broker was down, and is up again. */
  reconnected(): void {
    this._toServer.clear()
    this._toWorker.clear()
    for (const f of this._reconnecting) f()
    for (const unconfirmed of this._unconfirmed) this._put(unconfirmed)
  }

  /** As kill -9 of the worker: nothing that it sends from now on arrives. */
  cut(): void {
    if (!this.isAlive) return
    this.isAlive = false
    this.released()
    this._server.gone(this)
  }

  suspend(): void {
    this._toServer.hold(true)
    this._toWorker.hold(true)
  }

  resume(): void {
    this._toServer.hold(false)
    this._toWorker.hold(false)
  }

  /** Nothing that was sent will arrive any more. */
  released(): void {
    for (const f of this._onCut) f()
    this._onCut.clear()
  }
}

function ready(read: () => Lag): Op<Lag> {
  const now = chan<void>()
  now.close()
  return now.receive().map(read)
}

function topicsOf<T>(topic: ToMemory<T>['topic']): (delivery: Delivery<T>) => string {
  if (typeof topic === 'function')
    return (delivery) => {
      const name = topic(delivery)
      checkName('link.to({ topic }): the result', name)
      return name
    }
  checkName('link.to({ topic })', topic)
  return () => topic
}
