/**
 * Connections from a pool of the client.
 *
 * The pool drops the connection of an address when an earlier one to that address closes. Where the new one was opened between the
 * error of the earlier and its close, nobody knows it any more: it is never closed, and keeps the process. So a connection is opened
 * only after the one before it has closed.
 */
import type { Broker, Connection, ConnectionPool } from '@platformatic/kafka'

/** The newest connection of each address. */
type Newest = Map<string, Connection>

const known = new WeakMap<ConnectionPool, Newest>()

function newestOf(pool: ConnectionPool): Newest {
  const before = known.get(pool)
  if (before !== undefined) return before
  const newest: Newest = new Map(pool)
  pool.on('connecting', ({ broker, connection }) => void newest.set(addressOf(broker), connection))
  known.set(pool, newest)
  return newest
}

function addressOf({ host, port }: Broker): string {
  return `${host}:${port}`
}

/** A connection to the broker. Fails where there is none. */
export async function connectionIn(pool: ConnectionPool, broker: Broker): Promise<Connection> {
  const last = newestOf(pool).get(addressOf(broker))
  if (last !== undefined && isClosing(last)) await new Promise<void>((resolve) => last.once('close', resolve)) // also after its error
  return await pool.get(broker)
}

/** Its socket has ended, which the connection learns with the event of the socket. */
function isClosing(connection: Connection): boolean {
  return connection.isConnected() && connection.socket?.destroyed === true
}
