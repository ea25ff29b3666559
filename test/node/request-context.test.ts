import { Agent, createServer, request as ask, Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connect2, createServer as createServer2 } from 'node:http2'
import { connect, type AddressInfo, type Server } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import express from 'express'
import fastify from 'fastify'
import {
  background,
  CanceledError,
  chan,
  contextKey,
  DeadlineExceededError,
  go,
  never,
  withCancel,
  withValue,
  type CancelContext,
} from 'millrace'
import { ClientLeftError, requestContext, type RequestContextOptions } from 'millrace/node'
import { writeTo } from 'millrace/node/operators'
import { fromIterable, run } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { afterEach, describe, expect, it } from 'vitest'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    const closed = new Promise((resolve) => server.close(resolve))
    if (server instanceof HttpServer) server.closeAllConnections() // the fetch of Node 20 keeps a connection open that it does not use
    await closed
  }
})

async function portOf(server: Server): Promise<number> {
  servers.push(server)
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** The cause of the context's end. */
async function endOf(ctx: CancelContext): Promise<unknown> {
  await ctx.done()
  const cause = ctx.cause()
  return cause._tag === 'Some' ? cause.value : null
}

type Handle = (request: { raw?: unknown }, response: { raw?: unknown }) => Promise<unknown>

/** The same handler in each of them; it never writes a response. */
const frameworks: Record<string, (handle: Handle) => Promise<number>> = {
  'node:http': (handle) => portOf(createServer((request, response) => void handle(request as never, response as never))),
  express: (handle) => {
    const app = express()
    app.get('/', (request, response) => void handle(request as never, response as never))
    return portOf(createServer(app))
  },
  fastify: async (handle) => {
    const app = fastify()
    app.get('/', (request, reply) => handle(request, reply))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return portOf(app.server)
  },
}

describe.each(Object.entries(frameworks))('%s', (_name, listen) => {
  async function leaving(options?: RequestContextOptions): Promise<unknown> {
    const ends = chan<unknown>(1)
    const begun = chan<void>(1)
    const port = await listen(async (request, response) => {
      const ctx = requestContext(request, response, options)
      begun.trySend()
      ends.trySend(await endOf(ctx))
      ;((response.raw ?? response) as ServerResponse).destroy()
    })
    const client = ask({ port, host: '127.0.0.1' }).on('error', () => {})
    client.end()
    await begun.receive()
    if (options?.timeout === undefined) client.destroy()
    const end = await ends.receive()
    client.destroy()
    return end._tag === 'Some' ? end.value : null
  }

  it('ends with a ClientLeftError when the client leaves', async () => {
    expect(await leaving()).toBeInstanceOf(ClientLeftError)
  })

  it('ends at the deadline', async () => {
    expect(await leaving({ timeout: 10 })).toBeInstanceOf(DeadlineExceededError)
  })
})

/** A request to a server whose handler receives the context. */
async function asked(
  handle: (ctx: CancelContext, request: IncomingMessage, response: ServerResponse) => void,
  options?: RequestContextOptions,
) {
  const port = await portOf(createServer((request, response) => handle(requestContext(request, response, options), request, response)))
  return fetch(`http://127.0.0.1:${port}/`)
}

it('ends without a failure when the response is complete', async () => {
  const ends = chan<unknown>(1)
  await asked((ctx, _request, response) => {
    go(async () => ends.trySend(await endOf(ctx)))
    response.end('ok')
  })
  const end = await ends.receive()
  expect(end._tag === 'Some' && end.value).toBeInstanceOf(CanceledError)
})

it('ends with the context of the service, and has its values', async () => {
  const key = contextKey<string>('region')
  const parent = withCancel(withValue(background, key, 'eu'))
  const ends = chan<unknown>(1)
  const cause = new Error('the service ends')
  await asked(
    (ctx, _request, response) => {
      go(async () => ends.trySend(await endOf(ctx)))
      expect(ctx.value(key)).toEqual({ _tag: 'Some', value: 'eu' })
      parent.cancel(cause)
      response.end('ok')
    },
    { parent },
  )
  expect(await ends.receive()).toEqual({ _tag: 'Some', value: cause })
})

it('has ended where the client has left before', async () => {
  const ends = chan<unknown>(1)
  const port = await portOf(
    createServer((request, response) => {
      response.once('close', () => {
        const cause = requestContext(request, response).cause()
        ends.trySend(cause._tag === 'Some' ? cause.value : null)
      })
    }),
  )
  const socket = connect(port, '127.0.0.1', () =>
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n', () => setTimeout(() => socket.destroy(), 20)),
  )
  const end = await ends.receive()
  expect(end._tag === 'Some' && end.value).toBeInstanceOf(ClientLeftError)
})

it('works with http2', async () => {
  const ends = chan<unknown>(1)
  const server = createServer2((request, response) => {
    const ctx = requestContext(request, response)
    go(async () => ends.trySend(await endOf(ctx)))
    response.write('begun')
  })
  const client = connect2(`http://127.0.0.1:${await portOf(server)}`)
  const stream = client.request({ ':path': '/' })
  await new Promise((resolve) => stream.once('data', resolve))
  stream.close(8) // CANCEL, as a browser does
  const end = await ends.receive()
  expect(end._tag === 'Some' && end.value).toBeInstanceOf(ClientLeftError)
  client.close()
})

it('unwinds the goroutines of the request when the client leaves', async () => {
  const cleaned = chan<void>(1)
  const port = await portOf(
    createServer((request, response) => {
      const ctx = requestContext(request, response)
      void go(function* () {
        try {
          yield* never().within(ctx)
        } finally {
          cleaned.trySend()
        }
      })
        .join()
        .attempt()
        .then(() => {})
      response.write('begun')
    }),
  )
  const client = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal: client.signal })
  client.abort()
  await cleaned.receive()
  expect(response.status).toBe(200)
})

it('measures the timeout by the clock of the code', async () => {
  await bubble(async (b) => {
    const response = { once: () => {} } as never
    const ctx = requestContext({}, response, { timeout: 60_000 })
    const began = b.now()
    await ctx.done()
    expect(b.now() - began).toBe(60_000)
  })
})

it('throws for bad arguments', () => {
  const response = { once: () => {} } as never
  for (const wrong of [null, undefined, 1, {}, { raw: {} }]) expect(() => requestContext({}, wrong as never)).toThrow(TypeError)
  expect(() => requestContext({}, response, { timeout: NaN })).toThrow(RangeError)
  expect(() => requestContext({}, response, { timeout: '1' as never })).toThrow(TypeError)
  expect(() => requestContext({}, response, { parent: {} as never })).toThrow(TypeError)
})

describe('a pipeline that writes the response under the context of the request', () => {
  type Handler = (request: IncomingMessage, response: ServerResponse) => void
  const ends: string[] = []
  const handler: Handler = (request, response) => {
    const ctx = requestContext(request, response)
    const pipeline = fromIterable(['a', 'b']).pipe(writeTo(response))
    void run(ctx, pipeline).join().attempt().then((end) => ends.push(end._tag)) // prettier-ignore
  }
  const makers: Record<string, (handler: Handler) => Server> = {
    'node:http': (handle) => createServer(handle),
    express: (handle) => createServer(express().use(handle as never)),
    fastify: (handle) => {
      const service = fastify({ serverFactory: (handleAll) => createServer(handleAll as never) as never })
      service.get('/', (request, reply) => {
        void reply.hijack()
        handle(request.raw, reply.raw)
      })
      void service.ready()
      return service.server
    },
  }

  it.each(Object.keys(makers))('completes: %s', async (name) => {
    ends.length = 0
    const port = await portOf(makers[name](handler))
    const agent = new Agent({ keepAlive: true })
    for (let n = 0; n < 3; n++) {
      const text = await new Promise<string>((resolve, reject) => {
        ask({ port, agent }, (response) => void textOf(response).then(resolve, reject)).on('error', reject).end() // prettier-ignore
      })
      expect(text).toBe('ab')
    }
    await expect.poll(() => ends).toEqual(['Right', 'Right', 'Right'])
    agent.destroy()
  })
})
