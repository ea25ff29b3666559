/** The messages between a stage that is placed elsewhere and the processes that serve there. */
import { isObservable, type Observable, type OperatorFunction } from 'rxjs'
import { checkFunction, mistyped } from '../../../runtime/internal.js'
import type { Delivery } from '../delivery.js'

/** A connection to a broker, as stages use it: `memoryBroker().connect()` is one, and so are the links of the adapters. */
export interface StageLink {
  /** A source of the messages of a topic, as a queue. */
  from<T>(options: { readonly queue: string; readonly name?: string }): Observable<Delivery<T>>
  /** Publishes the value and the key of each delivery, and passes the delivery on when the broker has stored the message. */
  to<T>(options: { readonly topic: (delivery: Delivery<T>) => string }): OperatorFunction<Delivery<T>, Delivery<T>>
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

/** The link, with results that are checked. */
export function linkOf(where: string, link: StageLink): StageLink {
  const { from, to } = (link ?? {}) as Partial<StageLink> // from JavaScript it may be anything
  if (typeof from !== 'function' || typeof to !== 'function') throw mistyped(where, 'a link with from and to', link)
  return {
    from: (options) => observable('link.from(): the result', link.from(options)),
    to: (options) => {
      const publish = link.to(options)
      checkFunction('link.to(): the result', publish)
      return (source) => observable('link.to(): the result of the operator', publish(source))
    },
    remove: (topic) => link.remove?.(topic),
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
