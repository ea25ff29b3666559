/** The way to other processes: a NATS server, which has the pages that wait for a look. */
import { UsageError } from './errors.js'

/** ms after which the pages of a worker that was killed go to another. */
const LEASE = 2_000

/** Connects to the server, whose streams are created where they are missing. The client is loaded here, and only where it is needed. */
export async function connectTo(server: string) {
  const [{ connect }, { natsLink, plan }] = await Promise.all([import('@nats-io/transport-node'), import('millrace/nats')])
  const nc = await connect({ servers: server, maxReconnectAttempts: -1, noAsyncTraces: true }).catch((error: Error) => {
    throw new UsageError(
      `cannot connect to '${server}': ${error.message}. Expected a NATS server with JetStream, such as nats://127.0.0.1:4222.`,
    )
  })
  try {
    await plan(nc, { stages: 'fetch' }).apply()
  } catch (error) {
    await nc.close()
    throw new UsageError(`cannot use '${server}': ${(error as Error).message}. Expected a NATS server with JetStream.`)
  }
  return { link: natsLink(nc, { stages: 'fetch', lease: LEASE }), [Symbol.asyncDispose]: () => nc.close() }
}
