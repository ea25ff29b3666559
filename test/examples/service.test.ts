import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, test } from 'vitest'
import { start, type Program } from './program.js'
import { watchSite, type WatchedSite } from './watched-site.js'

const run = (...args: string[]) => start('examples/service/main.ts', args)
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

interface Service {
  readonly origin: string
  readonly program: Program
  readonly upstream: WatchedSite
}

/** The service over one server that plays the three upstreams. */
async function serving(answer: (path: string, response: ServerResponse) => void, ...args: string[]): Promise<Service> {
  const upstream = await watchSite(answer)
  open.push(() => upstream[Symbol.asyncDispose]())
  const origins = ['price', 'stock', 'reviews'].map((name) => upstream.url(name))
  const program = run('--seconds', '0', '--upstreams', ...origins, ...args)
  open.push(() => program.process.kill('SIGKILL'))
  const [line] = (await once(createInterface({ input: program.process.stdout as NodeJS.ReadableStream }), 'line')) as [string]
  return { origin: line.replace('listening on ', ''), program, upstream }
}

const json = (response: ServerResponse, value: unknown) => void response.end(JSON.stringify(value))

test('a page is put together from three upstreams', async () => {
  const { origin } = await serving((path, response) => json(response, path))
  const response = await fetch(`${origin}/products/7`)
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ price: 'price/7', stock: 'stock/7', reviews: 'reviews/7' })
})

test('a second call begins beside a slow first one, which is canceled', async () => {
  const asked = new Map<string, number>()
  const slowAtFirst = (path: string, response: ServerResponse): void => {
    asked.set(path, (asked.get(path) ?? 0) + 1)
    if (asked.get(path) === 2 || !path.startsWith('price')) json(response, path)
  }
  const { origin, upstream } = await serving(slowAtFirst, '--hedge', '200', '--deadline', '30000')
  expect((await fetch(`${origin}/products/7`)).status).toBe(200)
  await upstream.seen('abandoned', 1)
  expect(asked.get('price/7')).toBe(2)
})

test('a client that leaves cancels the calls to the upstreams', async () => {
  const { origin, upstream } = await serving(() => {}, '--hedge', '60000', '--deadline', '60000')
  const client = new AbortController()
  const asking = fetch(`${origin}/products/7`, { signal: client.signal }).catch((error: Error) => error.name)
  await upstream.seen('requests', 3)
  client.abort()
  await upstream.seen('abandoned', 3)
  expect(await asking).toBe('AbortError')
})

test('a request ends at its deadline, with 504, and its calls with it', async () => {
  const { origin, upstream } = await serving(() => {}, '--hedge', '60000', '--deadline', '500')
  expect((await fetch(`${origin}/products/7`)).status).toBe(504)
  await upstream.seen('abandoned', 3)
})

test('an upstream that fails twice is a 502', async () => {
  const { origin } = await serving((_path, response) => void response.writeHead(500).end())
  expect((await fetch(`${origin}/products/7`)).status).toBe(502)
})

test('a full service sheds requests with 503 and Retry-After', async () => {
  const waiting: ServerResponse[] = []
  const answer = (_path: string, response: ServerResponse): void => void waiting.push(response)
  const { origin, upstream } = await serving(answer, '--slots', '1', '--queue', '0', '--deadline', '60000', '--hedge', '60000')
  const first = fetch(`${origin}/products/1`)
  await upstream.seen('requests', 3)
  const shed = await fetch(`${origin}/products/2`)
  expect([shed.status, shed.headers.get('retry-after')]).toEqual([503, '1'])
  for (const response of waiting) json(response, 'late')
  expect((await first).status).toBe(200)
})

test('the limit is that of a client', async () => {
  const { origin } = await serving((path, response) => json(response, path), '--rate', '1')
  const ask = (client: string) => fetch(`${origin}/products/1`, { headers: { 'x-client': client } })
  const all = await Promise.all([ask('ada'), ask('grace'), ask('ada'), ask('ada')])
  expect(all.filter(({ status }) => status === 429).length).toBeGreaterThan(0)
  expect(all[1].status).toBe(200)
  expect(all.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1')
})

describe('SIGTERM', () => {
  test('drains: the request under way is finished, and no other begins', async () => {
    const waiting: ServerResponse[] = []
    const { origin, program, upstream } = await serving(
      (_path, response) => void waiting.push(response),
      '--deadline',
      '60000',
      '--hedge',
      '60000',
    )
    const asking = fetch(`${origin}/products/1`)
    await upstream.seen('requests', 3)
    program.process.kill('SIGTERM')
    while (await isOpen(origin)) await new Promise((resolve) => setTimeout(resolve, 20)) // the port closes
    for (const response of waiting) json(response, 'late')
    expect((await asking).status).toBe(200)
    const { status, stdout } = await program.ended
    expect(stdout).toContain('drained')
    expect(status).toBe(0)
  })
})

/** Whether the service accepts a connection of another client. */
async function isOpen(origin: string): Promise<boolean> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  const connected = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(
    () => false,
  )
  socket.destroy()
  return connected
}

test('under its load the service serves, sheds, limits and hedges, and drains with status 0', async () => {
  const { status, stdout } = await run('--seconds', '1', '--slots', '2', '--queue', '2', '--rate', '5').ended
  const report = stdout.join('\n')
  expect(report).toContain('drained')
  const count = (pattern: RegExp) => Number(pattern.exec(report)?.[1])
  expect(count(/shed with 503: (\d+)/)).toBeGreaterThan(0)
  expect(count(/canceled: (\d+)/)).toBeGreaterThan(0)
  expect(report).toMatch(/requests: \d+ served \(p50 \d+ ms, p99 \d+ ms\)/)
  expect(status).toBe(0)
})
