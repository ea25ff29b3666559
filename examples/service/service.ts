/**
 * The service: GET /products/:id is a page put together from three upstreams.
 *
 *     limit of the client ──▶ slot, or shed ──▶ all ──┬─▶ price ──┐ each hedged: a second call
 *            429                    503               ├─▶ stock ──┤ beside a slow first one
 *                                                     └─▶ reviews ┘
 *
 * Everything runs under the context of the request, which ends at the deadline, when the client leaves, and with the service.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { all, CanceledError, DeadlineExceededError, fromPromise, hedge, scope, type Context, type Job } from 'millrace'
import { ClientLeftError, requestContext } from 'millrace/node'
import { fetchOp } from 'millrace/web'
import { Admission, ShedError } from './admission.js'
import { ClientLimits, TooManyRequestsError } from './clients.js'
import type { Config } from './config.js'
import type { Counts } from './report.js'

export interface Upstreams {
  /** Origins, such as `http://127.0.0.1:8080`. */
  readonly price: string
  readonly stock: string
  readonly reviews: string
}

type ProductRequest = FastifyRequest<{ Params: { id: string } }>

/** `lifetime` ends the work of all requests. */
export function service(config: Config, upstreams: Upstreams, lifetime: Context, counts: Counts): FastifyInstance {
  const app = fastify()
  const admission = new Admission(config.slots, config.queue)
  const clients = new ClientLimits(config.rate)

  app.get('/products/:id', async (request: ProductRequest, reply) => {
    using ctx = requestContext(request, reply, { timeout: config.deadline, parent: lifetime })
    try {
      clients.enter(String(request.headers['x-client'] ?? request.ip))
      return await scope(ctx, () => admission.admit(ctx, (ctx) => page(ctx, request.params.id)))
    } catch (cause) {
      // eslint-disable-next-line @typescript-eslint/return-await -- fastify waits for a reply, which is thenable
      return refuse(reply, cause, counts)
    }
  })

  const page = (ctx: Context, id: string) =>
    all(ctx, {
      price: asked(`${upstreams.price}/${id}`),
      stock: asked(`${upstreams.stock}/${id}`),
      reviews: asked(`${upstreams.reviews}/${id}`),
    })

  const asked = (url: string): Job<unknown> => {
    const call = (ctx: Context) => ask(ctx, url)
    return hedge(config.hedge, [call, (ctx: Context) => (counts.hedged++, call(ctx))])
  }
  return app
}

/** The request is aborted when the context ends, also while the body comes. */
function* ask(ctx: Context, url: string): Generator<never, unknown> {
  using response = yield* fetchOp(url, { ctx, throwStatus: true })
  return yield* fromPromise<unknown>(response.json())
}

function refuse(reply: FastifyReply, cause: unknown, counts: Counts): FastifyReply {
  if (cause instanceof ClientLeftError) counts.left++
  if (cause instanceof ShedError || cause instanceof TooManyRequestsError) void reply.header('retry-after', cause.retryAfter)
  return reply.code(statusOf(cause)).send({ error: String(cause) })
}

function statusOf(cause: unknown): number {
  if (cause instanceof TooManyRequestsError) return 429
  if (cause instanceof ShedError || cause instanceof CanceledError) return 503 // full, or at its end
  if (cause instanceof DeadlineExceededError) return 504
  return cause instanceof ClientLeftError ? 499 : 502
}
