/** The messages between a stage that is placed elsewhere and the processes that serve there. */
import { isObservable, type Observable, type OperatorFunction } from 'rxjs'
import { checkFunction, mistyped } from '../../../runtime/internal.js'
import type { Delivery } from '../delivery.js'

/** Topics of a broker, as stages use them. */
export interface StageTopics {
  /** A source of the messages of a topic, as a queue. */
  from<T>(options: { readonly queue: string; readonly name?: string }): Observable<Delivery<T>>
  /**
   * Publishes the value and the key of each delivery, and passes the delivery on when the broker has stored the message. A
   * message that can never be published is rejected.
   */
  to<T>(options: { readonly topic: (delivery: Delivery<T>) => string }): OperatorFunction<Delivery<T>, Delivery<T>>
}

/** A connection to a broker, as stages use it: `memoryBroker().connect()` is one, and so is `natsLink(nc, …)`. */
export interface StageLink extends StageTopics {
  /**
   * Topics that one process reads, and that may end with it: replies and cancellations. `to` publishes to a topic whose
   * reader has called `from` before. Default: the topics of the link.
   */
  readonly own?: StageTopics
  /** Forgets a topic that nobody needs any more; else the topics of replies stay with the broker. */
  remove?(topic: string): unknown
}

/** Every message names its topic. */
interface Addressed {
  readonly to: string
}

/** An item for the work of a stage. */
export interface Request extends Addressed {
  /** The topic of the replies of the caller. */
  readonly replyTo: string
  /** The number of the call; unique for its caller. */
  readonly call: number
  readonly value: unknown
}

/** `begun`: the work takes long, and a cancellation goes to the topic `control`. */
export type Reply = Addressed & { readonly call: number } & (
    | { readonly kind: 'result'; readonly value?: unknown }
    | { readonly kind: 'error'; readonly error: ErrorRecord }
    | { readonly kind: 'begun'; readonly control: string }
  )

/** The caller does not want the result any more. */
export interface Cancellation extends Addressed {
  readonly replyTo: string
  readonly call: number
}

export const topicOf = ({ value }: Delivery<Addressed>): string => value.to

export function isRequest(value: unknown): value is Request {
  const { replyTo, call } = (value ?? {}) as Partial<Request> // to look
  return typeof replyTo === 'string' && typeof call === 'number'
}

export interface CheckedLink extends StageTopics {
  readonly own: StageTopics
  remove(topic: string): unknown
}

/** The link, with results that are checked. */
export function linkOf(where: string, link: StageLink): CheckedLink {
  const all = topicsOf(where, 'link', link)
  return { ...all, own: link.own === undefined ? all : topicsOf(where, 'link.own', link.own), remove: (topic) => link.remove?.(topic) }
}

function topicsOf(where: string, name: string, topics: StageTopics): StageTopics {
  const { from, to } = (topics ?? {}) as Partial<StageTopics> // from JavaScript it may be anything
  if (typeof from !== 'function' || typeof to !== 'function') throw mistyped(where, `a ${name} with from and to`, topics)
  return {
    from: (options) => observable(`${name}.from(): the result`, topics.from(options)),
    to: (options) => {
      const publish = topics.to(options)
      checkFunction(`${name}.to(): the result`, publish)
      return (source) => observable(`${name}.to(): the result of the operator`, publish(source))
    },
  }
}

function observable<T>(where: string, given: Observable<T>): Observable<T> {
  if (!isObservable(given)) throw mistyped(where, 'an Observable', given)
  return given
}

/** An error in a message. */
export interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly cause?: ErrorRecord
  /** Fields of its own that are text, numbers or flags, such as `code` and `status`. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** A cause of a cause of a cause is enough. */
const DEPTH = 4

export function recordOf(thrown: unknown, depth = DEPTH): ErrorRecord {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown) }
  const { name, message, stack, cause } = thrown
  const fields = Object.fromEntries(
    Object.entries(thrown).filter(([key, value]) => key !== 'name' && ['string', 'number', 'boolean'].includes(typeof value)),
  )
  return {
    name,
    message,
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && depth > 0 && { cause: recordOf(cause, depth - 1) }),
    ...(Object.keys(fields).length > 0 && { fields }),
  }
}

type Named = new (message: string) => Error
const classes: Readonly<Record<string, Named>> = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }

/** The error of another process: of its class where that is of the language, and an Error with its name otherwise. */
export function errorOf({ name, message, stack, cause, fields }: ErrorRecord): Error {
  const error = new ((Object.hasOwn(classes, name) ? classes[name] : undefined) ?? Error)(message)
  const hidden = (key: string, value: unknown): void =>
    void Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false })
  if (error.name !== name) hidden('name', name)
  if (stack !== undefined) hidden('stack', stack)
  if (cause !== undefined) hidden('cause', errorOf(cause))
  return Object.assign(error, fields)
}
