/** How far a group is behind. */
import type { Server } from './client.js'
import { RedisSetupError } from './errors.js'
import { stateKeyOf } from './log-way.js'
import { readsOf } from './keys.js'
import { COUNT, STATE } from './scripts.js'
import { timeOf } from './entry.js'

export interface GroupState {
  /** Messages up to this id are delivered. */
  readonly last: string
  /** Messages that are delivered and not settled. */
  readonly pending: number
  readonly waiting: number
  /** The age in ms of the oldest message that is not settled. */
  readonly oldestMs: number
  /** Messages that the server has deleted before they were settled, and that no worker has found. */
  readonly missed: number
}

/** Streams up to this size are counted; the server's own lag is not exact in each version where messages were deleted. */
const COUNTED = 10_000

export function* stateOf(server: Server, stream: string, group: string): Generator<never, GroupState> {
  const reply = yield* server.eval(STATE, [stream, readsOf(stream, group), stateKeyOf(stream, group)], [group])
  if (reply === null) throw new RedisSetupError(server.where, missing(stream, group))
  const [last, pending, held, first, lag, size, now, missed] = server.rows(reply)
  const oldest = [held, first].map(String).filter((id) => id !== '')
  const ages = oldest.map((id) => Number(now) - timeOf(id))
  const isKnown = Number(lag) >= 0 && Number(size) > COUNTED
  const waiting = isKnown ? Math.min(Number(lag), Number(size)) : yield* countAfter(server, stream, String(last), '+')
  return { last: String(last), pending: Number(pending), waiting, oldestMs: Math.max(0, ...ages), missed: Number(missed) }
}

/** The number of entries after an id, up to another. Counted in parts, so that the server is not held up. */
export function* countAfter(server: Server, stream: string, from: string, to: string): Generator<never, number> {
  const part = 1000
  for (let count = 0, at = from; ;) {
    const [n, last] = server.rows(yield* server.eval(COUNT, [stream], [at, to, part]))
    count += Number(n)
    at = String(last)
    if (Number(n) < part) return count
  }
}

function missing(stream: string, group: string): string {
  return `the stream ${JSON.stringify(stream)} has no group ${JSON.stringify(group)}: plan(client, …).apply() creates both`
}
