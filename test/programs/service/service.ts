/**
 * A web service. Each request has a context, which ends at the deadline, when the client leaves, and with the service;
 * three upstreams are asked at the same time.
 *
 *     lifetime ──▶ context of a request ──▶ all ──┬─▶ user: one call for all requests that ask for the same user
 *                    ▲          ▲                 ├─▶ price: hedged, a second call beside a slow first one
 *                 deadline   client leaves        └─▶ stock: at most 32 calls at once
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import {
  afterFunc,
  all,
  CanceledError,
  DeadlineExceededError,
  fromPromise,
  hedge,
  semaphore,
  singleflight,
  withTimeout,
  type Context,
} from 'millrace'
import { ClientLeftError, requestContext } from 'millrace/node'

/** Asks an upstream. Throws where the upstream fails, or the context ends first. */
export type Ask = (ctx: Context, path: string) => Promise<string>

export interface Upstreams {
  readonly users: Ask
  readonly prices: Ask
  readonly stock: Ask
}

export interface ServiceOptions {
  readonly upstreams: Upstreams
  /** Ends the work of all requests. */
  readonly lifetime: Context
  /** Writes a line of the log about an order. */
  readonly log: (what: string, order: string) => void
  /** Receives each error that ends a request. */
  readonly onFailure: (cause: unknown) => void
}

/** The store of a request: the id of the order. */
export const currentOrder = new AsyncLocalStorage<string>()

const DEADLINE = 2000 // ms
const HEDGE_AFTER = 15 // ms
const SHARED_DEADLINE = 300 // ms

type OrderRequest = FastifyRequest<{ Params: { id: string } }>

export function service({ upstreams, lifetime, log, onFailure }: ServiceOptions): FastifyInstance {
  const app = fastify()
  const order = orders(upstreams, log)

  async function handle(request: OrderRequest, reply: FastifyReply) {
    const { id } = request.params
    const timeout = Number(request.headers['x-deadline'] ?? DEADLINE)
    using ctx = requestContext(request, reply, { timeout, parent: lifetime })
    afterFunc(ctx, () => log('ended', id))
    try {
      return await order(id, ctx)
    } catch (cause) {
      onFailure(cause)
      // eslint-disable-next-line @typescript-eslint/return-await -- fastify waits for a reply, which is thenable
      return reply.code(statusOf(cause)).send({ id, error: String(cause) })
    } finally {
      log('handled', id)
    }
  }
  app.get('/orders/:id', (request: OrderRequest, reply) => currentOrder.run(request.params.id, () => handle(request, reply)))
  return app
}

function statusOf(cause: unknown): number {
  if (cause instanceof DeadlineExceededError) return 504
  if (cause instanceof CanceledError) return 503 // the service ends
  return cause instanceof ClientLeftError ? 499 : 502
}

/** Returns a function that puts an order together. */
function orders({ users, prices, stock }: Upstreams, log: ServiceOptions['log']) {
  const askedUsers = singleflight<string, string>()
  const slots = semaphore(32)

  /** A shared call has a deadline of its own: while new callers join a silent call, no deadline of theirs ends it. */
  async function askUser(shared: Context, user: string) {
    using ctx = withTimeout(shared, SHARED_DEADLINE)
    return await users(ctx, `/users/${user}`)
  }

  return (id: string, ctx: Context) => {
    const user = String(Number(id) % 50)
    const price = async (ctx: Context) => (log('price', id), await prices(ctx, `/prices/${id}`))
    return all(
      {
        id: () => id,
        user: askedUsers.do(user, (shared) => askUser(shared, user)).map(({ value }) => (log('user', id), value)),
        price: hedge(HEDGE_AFTER, [price, price]),
        *stock(ctx: Context) {
          using _slot = yield* slots.acquire().within(ctx)
          log('stock', id)
          return yield* fromPromise(stock(ctx, `/stock/${id}`))
        },
      },
      { ctx },
    )
  }
}
