/** A broker as the subject of laws, with the adapter that speaks to it. */
import type { Observable, OperatorFunction } from 'rxjs'
import type { Chooser, Delivery } from '../../../adapters/broker/index.js'
import { checkCount, checkFlag, checkFunction, checkRecord, checkTime, mistyped } from '../../../runtime/internal.js'
import { checkSeed } from '../../explore/check-options.js'

/** What a law asks of a broker that it opens. */
export interface BrokerSettings {
  /** Partitions of each topic that is a log. */
  readonly partitions: number
  /** ms without a sign of life after which a worker has lost its messages and partitions. */
  readonly lease: number
  /** The most messages of a partition that are delivered and not settled. */
  readonly window: number
  /** Chooses lost acknowledgements and redeliveries, for a broker that can make them; no crashes: laws crash workers themselves. */
  readonly faults?: Chooser
  /** The most faults of each kind. */
  readonly most?: { readonly crashes: 0; readonly lostAcknowledgements: number; readonly redeliveries: number }
}

/** A message that a topic has stored. */
export interface StoredMessage {
  readonly value: unknown
  readonly key: string | null
  readonly headers: ReadonlyMap<string, string>
}

/** The connection of a worker. */
export interface BrokerLawLink {
  /** A source of the messages of a topic. */
  from<T = unknown>(options: {
    readonly log?: string
    readonly queue?: string
    readonly prefetch?: number
    readonly deadline?: number
  }): Observable<Delivery<T>>
  /** Publishes a message for each delivery, with its value, key and headers, and passes the delivery on when it is stored. */
  to<T>(options: { readonly topic: string }): OperatorFunction<Delivery<T>, Delivery<T>>
  /** As kill -9 of the worker: nothing that it sends from now on arrives. */
  cut(): unknown
  /** As SIGSTOP of the worker: what it sends, and what is sent to it, waits. */
  suspend?(): unknown
  /** As SIGCONT. */
  resume?(): unknown
}

/** A broker, as the laws use it. Results may be values, promises or operations. */
export interface BrokerLawSubject {
  /** Stores a message; done when the broker has confirmed. */
  publish(topic: string, value: unknown, options: { readonly key: string; readonly headers?: ReadonlyMap<string, string> }): unknown
  /** The connection of one more worker. */
  connect(): BrokerLawLink | PromiseLike<BrokerLawLink>
  /** The messages that a topic has stored, in the order of their storing. */
  messages(topic: string): readonly StoredMessage[] | PromiseLike<readonly StoredMessage[]>
  /** As kill -9 of the broker. */
  kill(): unknown
  /** The broker is there again, with what it had stored. */
  restart(): unknown
  /** Called at the end of each run. */
  close?(): unknown
}

/** Opens a broker without topics: for each run another. */
export type OpenBroker = (settings: BrokerSettings) => BrokerLawSubject | PromiseLike<BrokerLawSubject>

/** Options of `laws.broker`. */
export interface BrokerLawOptions {
  /** As in `LawOptions`; default 200. */
  readonly schedules?: number
  /** As in `LawOptions`; default 1. */
  readonly seed?: number
  /** The broker is outside this process: each law runs once, in real time, as a log and as a queue. Default false. */
  readonly realTime?: boolean
  /** The lease of the broker, in ms; default 300. */
  readonly lease?: number
  /** Laws that the broker cannot keep or cannot be shown to keep, by name, each with the reason: no law of them is returned. */
  readonly except?: Readonly<Record<string, string>>
}

export interface BrokerSubject {
  readonly open: OpenBroker
  readonly lease: number
  readonly isReal: boolean
}

export function brokerSubject(open: OpenBroker, options: BrokerLawOptions, names: readonly string[]): BrokerSubject {
  checkFunction('laws.broker(open)', open)
  checkRecord('laws.broker(open, options)', 'an object', options, ['except', 'lease', 'realTime', 'schedules', 'seed'])
  const { realTime: isReal = false, lease = 300, except = {}, schedules = 1, seed = 1 } = options
  checkCount('laws.broker(open, { schedules })', 1, schedules)
  checkSeed('laws.broker(open, { seed })', seed)
  checkFlag('laws.broker(open, { realTime })', isReal)
  checkTime('laws.broker(open, { lease })', lease)
  const where = 'laws.broker(open, { except })'
  checkRecord(where, 'a record of reasons', except, names)
  for (const reason of Object.values(except)) if (typeof reason !== 'string') throw mistyped(where, 'a reason', reason)
  return { open, lease, isReal }
}
