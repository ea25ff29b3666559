/** Server-sent events, as a server would send them; time is virtual. */
import { background, CanceledError, now, sleep, withCancel, type Failed } from 'millrace'
import { bubble } from 'millrace/testing'
import { eventSource, EventStreamError, StatusError, type EventSourceOptions, type ServerSentEvent } from 'millrace/web'
import { describe, expect, it } from 'vitest'
import { counting, failing } from './streams.js'

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8' }
const encode = (text: string) => new TextEncoder().encode(text)

/** Connections that give these bodies, one after the other; a number is a status. */
function serving(...bodies: readonly (string | number | BodyInit)[]) {
  const requests: Headers[] = []
  const times: number[] = []
  const left = [...bodies]
  const fetch = (_: unknown, init: RequestInit): Promise<Response> => {
    requests.push(init.headers as Headers)
    times.push(now())
    const body = left.shift()
    if (body === undefined) return new Promise(() => {})
    return Promise.resolve(typeof body === 'number' ? new Response(null, { status: body }) : new Response(body, { headers: HEADERS }))
  }
  return { fetch, requests, times }
}

async function allOf(options: EventSourceOptions): Promise<ServerSentEvent[]> {
  const got: ServerSentEvent[] = []
  for await (const event of eventSource('http://host/', options)) got.push(event)
  return got
}

const dataOf = (events: readonly ServerSentEvent[]) => events.map(({ data }) => data)

describe('the text', () => {
  const text =
    '\uFEFF: a comment\ndata: a\r\ndata:  b\r\rid: 7\nevent: bye\ndata\n\nevent: none\n\nid: x\0\nother: 1\ndata: é€😀\nid\n\ndata: cut'
  const expected = [
    { type: 'message', data: 'a\n b', lastEventId: '' },
    { type: 'bye', data: '', lastEventId: '7' },
    { type: 'message', data: 'é€😀', lastEventId: '' },
  ]

  it.each([1, 2, 3, 5, 1000])('is the same, cut after every %i bytes', async (length) => {
    const bytes = encode(text)
    const cut = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += length) controller.enqueue(bytes.slice(at, at + length))
        controller.close()
      },
    })
    expect(await allOf({ fetch: serving(cut as BodyInit).fetch })).toEqual(expected)
  })

  it('an event without an end is refused', async () => {
    for (const body of ['data: 123456', 'data: 12345\ndata: 123456', '123456789012'])
      await expect(allOf({ fetch: serving(body).fetch, maxLength: 10 })).rejects.toThrow('longer than 10 characters; raise maxLength')
  })
})

describe('the end', () => {
  it('a stream that ends, and status 204, end the receiver', async () => {
    expect(dataOf(await allOf({ fetch: serving('data: 1\n\n').fetch }))).toEqual(['1'])
    expect(await allOf({ fetch: serving(204, 'data: 1\n\n').fetch, reconnect: () => 0 })).toEqual([])
  })

  it('a status, another type and a failure of the body are errors', async () => {
    await expect(allOf({ fetch: serving(500).fetch })).rejects.toBeInstanceOf(StatusError)
    const page = () => Promise.resolve(new Response('<html>', { headers: { 'content-type': 'text/html' } }))
    await expect(allOf({ fetch: page, reconnect: () => 0 })).rejects.toThrow('expected the content type text/event-stream, got text/html')
    await expect(allOf({ fetch: page })).rejects.toBeInstanceOf(EventStreamError)
    const error = new Error('reset')
    const body = failing([encode('data: 1\n\n')], error) as BodyInit
    await expect(allOf({ fetch: serving(body).fetch })).rejects.toBe(error)
  })

  it('cancel, using and the end of a context free the body', async () => {
    const cause = new Error('over')
    for (const end of ['cancel', 'ctx'] as const) {
      const host = endless()
      const ctx = withCancel(background)
      const events = eventSource('http://host/', { fetch: host.fetch, ctx, capacity: 1 })
      await events.receive()
      if (end === 'cancel') events.cancel()
      else ctx.cancel(cause)
      const drained = (async () => { for await (const _ of events); })() // prettier-ignore
      await expect(drained).rejects.toEqual(end === 'ctx' ? cause : expect.any(CanceledError))
      await expect.poll(host.isFree).toBe(true)
    }
  })
})

/** A fetch whose body has no end but that of its signal, as that of a host, and a cancel. */
function endless() {
  let isFree = false
  const fetch = (_: unknown, { signal }: RequestInit): Promise<Response> => {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) =>
        signal?.addEventListener('abort', () => {
          if (!isFree) controller.error(signal.reason)
          isFree = true
        }),
      pull: (controller) => controller.enqueue(encode('data: 1\n\n')),
      cancel: () => void (isFree = true),
    })
    return Promise.resolve(new Response(body, { headers: HEADERS }))
  }
  return { fetch, isFree: () => isFree }
}

it('reads no further than its capacity', async () => {
  const { stream, seen } = counting()
  const body = stream.pipeThrough(
    new TransformStream<number, Uint8Array>({ transform: (n, controller) => controller.enqueue(encode(`data: ${n}\n\n`)) }, undefined, {
      highWaterMark: 0,
    }),
  )
  const events = eventSource('http://host/', { fetch: serving(body as BodyInit).fetch, capacity: 2 })
  for (let n = 0; n < 5; n++) expect(await events.receive()).toMatchObject({ value: { data: String(n) } })
  await sleep(20)
  expect(seen.pulled).toBeLessThanOrEqual(5 + 2 + 3)
  events.cancel()
})

it('connects again after the last event, when the schedule and the server say', () =>
  bubble(async () => {
    const host = serving('id: 1\nretry: 500\ndata: a\n\n', 503, 'data: b\n\n', 'id: 2\ndata: c\n\n', 204)
    const failed: Failed[] = [] // race-ok: the events end after the last failure
    const reconnect = (each: Failed) => (failed.push(each), 1000 * each.attempts)
    const events = await allOf({ fetch: host.fetch, reconnect, headers: { authorization: 'token' }, lastEventId: 'ä' })
    expect(events.map(({ data, lastEventId }) => data + lastEventId)).toEqual(['a1', 'b1', 'c2'])
    expect(host.requests.map((headers) => headers.get('last-event-id'))).toEqual(['Ã¤', '1', '1', '1', '2'])
    expect(host.requests[0].get('authorization')).toBe('token')
    expect(failed.map(({ attempts }) => attempts)).toEqual([1, 2, 1, 1])
    expect(failed[1].cause).toBeInstanceOf(StatusError)
    expect(host.times.map((time) => time - host.times[0])).toEqual([0, 1000, 3000, 4000, 5000])
  }))

it('waits at least as long as the server asks, and gives up where the schedule does', () =>
  bubble(async () => {
    const host = serving('retry: 9000\ndata: a\n\n', 500, 'data: never\n\n')
    await expect(allOf({ fetch: host.fetch, reconnect: ({ attempts }) => (attempts > 1 ? null : 1) })).rejects.toBeInstanceOf(StatusError)
    expect(host.times[1] - host.times[0]).toBe(9000)
  }))
