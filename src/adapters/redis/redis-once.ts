import { go, type Op } from '../../runtime/index.js'
import { checkTime } from '../../runtime/internal.js'
import type { OnceClaim, OnceStore } from '../broker/index.js'
import { checkName } from '../broker/internal.js'
import { checkClient, checkOptionsOf, Server, type RedisClient, type RedisOptions } from './client.js'
import { ONCE_CLAIM, ONCE_FINISH, ONCE_RELEASE } from './once-scripts.js'
import type { Script } from './scripts.js'

/** Options of `redisOnce`. */
export interface RedisOnce extends RedisOptions {
  /** The beginning of the keys, an id follows; default `millrace:once:`. */
  readonly prefix?: string
}

/**
 * A store of `once` in Redis: the workers of all processes share it. Each id is a key that expires, with the owner of its
 * claim, and nothing is to be created.
 *
 * The effect itself is elsewhere: a process that is killed between the effect and the end of `once` leaves an id that is unsure. A server
 * whose memory is full must not evict keys (`maxmemory-policy noeviction`), or ids are forgotten early; so they are by a failover to a
 * replica that had not received them. Calls wait for a server that is away, for `patience` ms. They fail with RedisVersionError,
 * RedisAwayError, RedisClosedError and RedisRefusedError. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const greet = once<User>(redisOnce(redis), { within: 86_400_000 }, ({ name }) => visit(name))
 * const settled = fromRedis<User>(redis, { queue: 'users' }).pipe(workerPool(8, greet), settle())
 * ```
 */
export function redisOnce(client: RedisClient, options: RedisOnce = {}): OnceStore {
  checkClient('redisOnce(client)', client)
  checkOptionsOf('redisOnce(client, options)', options, '{ prefix?, patience? }', ['prefix', 'patience'])
  const { prefix = 'millrace:once:', patience = 30_000 } = options
  checkName('redisOnce(client, { prefix })', prefix)
  checkTime('redisOnce(client, { patience })', patience)
  const server = new Server('redisOnce(client)', client, patience)
  const stated = (script: Script, id: string, ...args: (string | number)[]): Op<void> =>
    go(function* stated() {
      yield* server.check()
      yield* server.eval(script, [prefix + id], args)
    }).join()
  return {
    claim: (id, owner, { lease, within }): Op<OnceClaim> =>
      go(function* claimed() {
        yield* server.check()
        const reply = yield* server.eval(ONCE_CLAIM, [prefix + id], [owner, msOf(lease), msOf(within)])
        const [state, detail] = server.rows(reply)
        if (state === 'busy') return { state, wait: Number(detail) } as const
        if (state === 'done') return { state } as const
        return { state: 'claimed', isUnsure: detail === 1 } as const
      }).join(),
    finish: (id, _owner, within) => stated(ONCE_FINISH, id, msOf(within)),
    release: (id, owner) => stated(ONCE_RELEASE, id, owner),
  }
}

/** A time that the server knows: whole ms, and no more than 3,000 years. */
function msOf(ms: number): number {
  return Math.ceil(Math.min(Math.max(ms, 0), 1e14))
}
