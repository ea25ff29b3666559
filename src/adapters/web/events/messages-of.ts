import { checkMethod } from '../../../runtime/internal.js'
import { listen, type EventTargetLike } from './events-of.js'
import { checkBuffer, Inbox, type BufferOptions, type EventReceiver } from './inbox.js'

/** The parts of a MessagePort, BroadcastChannel or Worker that are used. */
export interface MessageSource extends EventTargetLike {
  /** MessagePort holds its messages until this call. */
  start?(): void
}

const EXPECTED =
  "a MessagePort, BroadcastChannel or Worker (of a Worker of node:worker_threads: eventsOf(worker, 'message') of millrace/node)"

/**
 * The messages of a MessagePort, a BroadcastChannel or a Worker as a receiver: the `data` of each. The platform has no
 * backpressure here, so the buffer is stated. A port is started. `cancel` and `using` remove the listeners, and leave the
 * port open.
 *
 * A receive results in none once the other side has closed a port, where the host says so (the event `close`); throws
 * OverflowError with the policy `error`, and DataCloneError for a message that cannot be read (`messageerror`). Throws
 * TypeError and RangeError for bad arguments. Source: the HTML Standard of WHATWG.
 *
 * @example
 * ```ts
 * const { port1, port2 } = new MessageChannel()
 * using messages = messagesOf<string>(port1, { capacity: 16, policy: 'error' })
 * port2.postMessage('hello')
 * const message = yield* messages.receive()
 * console.log(message) // { _tag: 'Some', value: 'hello' }
 * ```
 */
export function messagesOf<T>(port: MessageSource, buffer: BufferOptions): EventReceiver<T> {
  checkMethod('messagesOf(port)', EXPECTED, port, 'addEventListener')
  checkBuffer('messagesOf(port, buffer)', buffer)
  const inbox = new Inbox<T>('messagesOf(port)', buffer)
  const listeners = {
    message: ({ data }: MessageEvent) => void inbox.arrive(data as T), // the caller says what is sent
    messageerror: () => inbox.cancel(new DOMException('messagesOf(port): a message cannot be read', 'DataCloneError')),
    close: () => {
      if (!inbox.isClosed) inbox.close()
    },
  }
  listen(port, listeners, inbox)
  port.start?.()
  return inbox
}
