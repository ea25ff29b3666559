/** A request as an operation. The requests over sockets are in fetch-over-sockets.test.ts. */
import { after, background, backoff, CanceledError, chan, DeadlineExceededError, go, select, trySelect, withCancel } from 'millrace'
import { collect, fromOp } from 'millrace/operators'
import { fetchOp, StatusError } from 'millrace/web'
import { fromBody } from 'millrace/web/operators'
import { concatMap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { performed } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { virtualTime } from '../support/virtual-time.js'

/** A fetch that notes its requests, and responds when the test says so. */
function server(response: () => Response = () => new Response('ok')) {
  const requests: { readonly url: string; readonly signal: AbortSignal }[] = []
  const replies: (() => void)[] = []
  const fetch = (input: RequestInfo | URL, { signal }: RequestInit) => {
    requests.push({ url: String(input), signal: signal as AbortSignal })
    return new Promise<Response>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
      replies.push(() => resolve(response()))
    })
  }
  return { fetch, requests, reply: () => replies.shift()?.() }
}

describe('fetchOp', () => {
  it('sends when it is performed, and results in the response', async () => {
    const { fetch, requests, reply } = server()
    const operation = fetchOp('/a', { fetch })
    await settle()
    expect(requests).toEqual([])
    const performed = go(() => operation)
    await settle()
    reply()
    const response = await performed.join()
    expect([await response.text(), requests.length]).toEqual(['ok', 1])
  })

  it('two performances are two requests', async () => {
    const { fetch, requests, reply } = server()
    const operation = fetchOp('/a', { fetch })
    const both = [go(() => operation), go(() => operation)]
    await settle()
    reply()
    reply()
    for (const each of both) await each.join()
    expect(requests).toHaveLength(2)
  })

  it('sends nothing as a case beside a ready one, and nothing for trySelect', async () => {
    const { fetch, requests } = server()
    const chosen = await select({ ready: after(0), response: fetchOp('/a', { fetch }) }, { biased: true })
    expect([chosen.case, trySelect([fetchOp('/a', { fetch })])]).toEqual(['ready', { _tag: 'None' }])
    await settle()
    expect(requests).toEqual([])
  })

  it('aborts the request when a select chooses another case', async () => {
    const { fetch, requests } = server()
    const other = chan<number>()
    const choosing = go(() => select({ other: other.receive(), response: fetchOp('/a', { fetch }) }))
    await settle()
    await other.send(1)
    expect((await choosing.join()).case).toBe('other')
    expect([requests[0].signal.aborted, requests[0].signal.reason]).toEqual([true, expect.any(CanceledError)])
  })

  it('aborts the request at a timeout, at the end of a context, and when its goroutine is canceled', async () => {
    using unhandled = unhandledRejections()
    using clock = virtualTime()
    const { fetch, requests } = server()
    const operation = fetchOp('/a', { fetch })
    const late = performed(operation.timeout(1))
    await settle()
    await clock.advance(1)
    expect(late.now).toMatchObject({ cause: expect.any(DeadlineExceededError) as unknown })
    const ctx = withCancel(background)
    const cause = new Error('left')
    const [within, canceled] = [go(() => operation.within(ctx)), go(() => operation)]
    await settle()
    ctx.cancel(cause)
    canceled.cancel()
    await expect(within.join()).rejects.toBe(cause)
    await settle()
    expect(requests.map(({ signal }) => signal.aborted)).toEqual([true, true, true])
    expect(unhandled.reasons).toEqual([])
  })

  it('cancels the body of a response that comes after the request was given up', async () => {
    const canceled: unknown[] = []
    const body = () => new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: (reason) => void canceled.push(reason) })
    let reply: (response: Response) => void = () => {}
    const fetch = () => new Promise<Response>((resolve) => (reply = resolve)) // ignores its signal
    const requesting = go(() => fetchOp('/a', { fetch }))
    await settle()
    requesting.cancel()
    await requesting.join().attempt()
    reply(new Response(body()))
    await settle()
    expect(canceled).toHaveLength(1)
  })

  it('aborts where the performer leaves between the response and its delivery', async () => {
    const { fetch, requests, reply } = server()
    let responded: Promise<unknown> = Promise.resolve()
    const noted = (...args: Parameters<typeof fetch>) => {
      const response = fetch(...args)
      responded = response
      return response
    }
    const subscription = fromOp(() => fetchOp('/a', { fetch: noted })).subscribe({ next: () => expect.unreachable() })
    await settle()
    reply()
    await responded.then(() => subscription.unsubscribe())
    await settle()
    expect(requests[0].signal.aborted).toBe(true)
  })

  it('`using` ends a body that is not read; `ctx` ends it too, with its cause', async () => {
    const { fetch, requests, reply } = server(() => new Response('unread'))
    const first = go(function* () {
      using response = yield* fetchOp('/a', { fetch })
      return response.status
    })
    await settle()
    reply()
    expect([await first.join(), requests[0].signal.aborted]).toEqual([200, true])
    const ctx = withCancel(background)
    const second = go(() => fetchOp('/a', { fetch, ctx }))
    await settle()
    reply()
    await second.join()
    const cause = new Error('over')
    ctx.cancel(cause)
    expect(requests[1].signal.reason).toBe(cause)
    await expect(fetchOp('/a', { fetch, ctx })).rejects.toBe(cause)
    expect(requests).toHaveLength(2)
  })

  it('throws the error of fetch, the same object, also where fetch throws at once', async () => {
    const error = new TypeError('fetch failed')
    await expect(fetchOp('/a', { fetch: () => Promise.reject(error) })).rejects.toBe(error)
    const throwing = () => {
      throw error
    }
    await expect(fetchOp('/a', { fetch: throwing })).rejects.toBe(error)
  })

  it('results in any status, and with throwStatus throws StatusError with the headers, so that a schedule honors Retry-After', async () => {
    const busy = () => Promise.resolve(new Response('busy', { status: 503, statusText: 'Busy', headers: { 'retry-after': '2' } }))
    expect((await fetchOp('/a', { fetch: busy })).status).toBe(503)
    const failed = await fetchOp('/a', { fetch: busy, throwStatus: true }).attempt()
    const error = (failed as { left: StatusError }).left
    expect(error).toBeInstanceOf(StatusError)
    expect([error.status, error.name, error.message]).toEqual([503, 'StatusError', 'fetchOp: the response has status 503 Busy'])
    expect(backoff({ first: 1 })({ attempts: 1, cause: error, elapsed: 0 })).toBe(2000)
  })

  it('honors the signal of a Request and of the options', async () => {
    const { fetch, requests } = server()
    const [a, b] = [new AbortController(), new AbortController()]
    const request = new Request('http://localhost/a', { signal: a.signal })
    const performed = [go(() => fetchOp(request, { fetch })), go(() => fetchOp('/a', { fetch, signal: b.signal } as never))]
    await settle()
    a.abort(new Error('a'))
    b.abort(new Error('b'))
    for (const each of performed) await expect(each.join()).rejects.toThrow(/^[ab]$/)
    expect(requests.map(({ signal }) => signal.aborted)).toEqual([true, true])
  })

  it('refuses wrong options', () => {
    expect(() => fetchOp('/a', { throwStatus: 1 as never })).toThrow(TypeError)
    expect(() => fetchOp('/a', { ctx: {} as never })).toThrow('fetchOp(input, { ctx })')
    expect(() => fetchOp('/a', { fetch: 1 as never })).toThrow('fetchOp(input, { fetch }): expected a function')
  })
})

describe('a body as a source', () => {
  it('emits the chunks of the body, and nothing for a response without a body', async () => {
    const fetch = () => Promise.resolve(new Response('abc'))
    const chunks = await collect(background, fromOp(() => fetchOp('/a', { fetch })).pipe(concatMap(fromBody))).join()
    expect(new TextDecoder().decode(chunks[0])).toBe('abc')
    expect(await collect(background, fromBody(new Response(null, { status: 204 }))).join()).toEqual([])
  })
})
