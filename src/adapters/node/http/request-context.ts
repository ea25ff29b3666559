import { background, withCancel, withTimeout, type CancelContext, type Context } from '../../../runtime/index.js'
import { checkContext, checkOptions, checkTime, mistyped, queue } from '../../../runtime/internal.js'

/** Options of `requestContext`. */
export interface RequestContextOptions {
  /** ms until the deadline, from the call on; default: none. */
  readonly timeout?: number
  /** The context of the service, with which the request ends. Default: `background`. */
  readonly parent?: Context
}

/** The cause of the end of a request whose client has left before the response was complete. */
export class ClientLeftError extends Error {
  override readonly name = 'ClientLeftError'
  constructor() {
    super('the client has left before the response was complete')
  }
}

interface RawRequest {
  readonly socket?: { readonly destroyed: boolean } | null
}

interface RawResponse {
  once(event: 'close', listener: () => void): unknown
  readonly writableFinished?: boolean
  /** Of a response of http2. */
  readonly stream?: { readonly aborted: boolean }
  readonly destroyed?: boolean
  readonly closed?: boolean
}

/**
 * The context of a request: it ends when the client leaves, with a ClientLeftError; at the deadline, with a
 * DeadlineExceededError; with `parent`, with its cause; and when the response is complete. Takes the request and
 * response of `node:http` (also of `http2`), of express, and of fastify, whose `raw` is looked for.
 *
 * `using ctx = requestContext(…)` ends the context with the handler too: nothing that the request has started runs on.
 * The deadline is measured by the clock of the code that calls. Throws TypeError for a response that is none, and for
 * options of the wrong type, RangeError for a timeout that is NaN. Source: `http.Request.Context` of Go.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 *
 * createServer(async (request, response) => {
 *   using ctx = requestContext(request, response, { timeout: 2000 })
 *   response.end(await fetchOrThrow('/upstream', ctx.signal))
 * })
 * ```
 */
export function requestContext(request: object, response: object, options: RequestContextOptions = {}): CancelContext {
  const [from, to] = [rawOf(request) as RawRequest | null, rawOf(response) as RawResponse | null] // checked by the next line
  if (typeof to?.once !== 'function')
    throw mistyped('requestContext(request, response)', 'a response of Node, express or fastify', response)
  checkOptions('requestContext(request, response, options)', options, ['timeout', 'parent'])
  const { timeout = Infinity, parent = background } = options
  checkTime('requestContext(request, response, { timeout })', timeout)
  checkContext('requestContext(request, response, { parent })', parent)
  const ctx = timeout === Infinity ? withCancel(parent) : withTimeout(parent, timeout)
  const end = (): void => ctx.cancel(isComplete(to) ? undefined : new ClientLeftError())
  if (to.closed === true || to.destroyed === true || from?.socket?.destroyed === true) end()
  else to.once('close', () => inTurns(isComplete(to) ? TURNS : 0, end))
  return ctx
}

/**
 * Turns from the close of a complete response to the end of its context. A pipeline that has written the response learns of its
 * end by the same event, and takes some turns of the run queue to complete: its context must not end before.
 */
const TURNS = 5

function inTurns(left: number, then: () => void): void {
  if (left === 0) then()
  else setImmediate(() => queue.push({ scope: null, run: () => inTurns(left - 1, then) }))
}

/** A framework that wraps them has the request and response of Node in `raw`. */
function rawOf(wrapped: { readonly raw?: unknown } | null | undefined): unknown {
  return wrapped?.raw ?? wrapped
}

/** A response of `http2` is finished as well where its stream was reset. */
function isComplete({ writableFinished, stream }: RawResponse): boolean {
  return stream === undefined ? writableFinished === true : !stream.aborted
}
