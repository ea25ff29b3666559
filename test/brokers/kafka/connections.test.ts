/** Connections that are reset, over real sockets, without a server of Kafka. */
import { ConnectionPool, type Connection } from '@platformatic/kafka'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { connectionIn } from '../../../src/adapters/kafka/connections.js'

/** Opens a connection, which is reset, and another on the first word of that. Returns the states of both when the pool is closed. */
async function afterReset(open: (pool: ConnectionPool, broker: { readonly host: string; readonly port: number }) => Promise<Connection>) {
  const far: Socket[] = []
  const server = createServer((socket) => far.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const broker = { host: '127.0.0.1', port: (server.address() as AddressInfo).port } // it listens on a port
  const pool = new ConnectionPool('a client', { connectTimeout: 1000 })
  const first = await open(pool, broker)
  const failed = new Promise<Connection>((resolve) => first.once('error', () => void resolve(open(pool, broker))))
  far[0].resetAndDestroy()
  const second = await failed
  await once(second, 'nothing', { signal: AbortSignal.timeout(50) }).catch(() => {}) // the first has closed by now
  await pool.close()
  const states = [first.status, second.status]
  second.socket.destroy()
  server.close()
  return states
}

it('a connection that is opened while the one before it closes is known to its pool', async () => {
  expect(await afterReset(connectionIn)).toEqual(['closed', 'closed'])
})

it('which the pool alone forgets: without that fault of the client, `connectionIn` can go', async () => {
  expect(await afterReset((pool, broker) => pool.get(broker))).toEqual(['closed', 'connected'])
})
