/**
 * The host that knows the discounts of customers: GET /discounts?customers=1,2,3. At times it has too many requests (429, with
 * Retry-After) or is not available (503), and always when more requests come in a second than it allows.
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { rateLimiter } from 'millrace'
import { random } from '../logs/random.js'

export interface Host extends AsyncDisposable {
  readonly origin: string
  /** Responses by status. */
  readonly statuses: Readonly<Record<number, number>>
}

const LATENCY = 20 // ms

/** `perSecond`: the requests that the host allows. */
export async function startHost(perSecond: number, seed: number): Promise<Host> {
  const statuses: Record<number, number> = { 200: 0, 429: 0, 503: 0 }
  const limiter = rateLimiter(perSecond, perSecond)
  const chance = random(seed)
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const status = limiter.allow() ? statusOf(chance()) : 429
    statuses[status]++
    setTimeout(() => respond(response, status, request.url ?? ''), LATENCY * chance())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    statuses,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}

function statusOf(chance: number): number {
  return chance < 0.005 ? 429 : chance < 0.015 ? 503 : 200
}

function respond(response: ServerResponse, status: number, url: string): void {
  if (status === 429) return void response.writeHead(429, { 'retry-after': '1' }).end()
  if (status === 503) return void response.writeHead(503).end()
  const customers = new URL(url, 'http://host').searchParams.get('customers')?.split(',') ?? []
  response.end(JSON.stringify(customers.map((customer) => discountOf(Number(customer)))))
}

/** The discount of a customer, in percent. */
export const discountOf = (customer: number): number => customer % 7
