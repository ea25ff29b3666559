/** The places of `millrace/redis` that call code of users: functions, and the client that they give. */
import type { Op } from 'millrace'
import { settle, type Delivery } from 'millrace/broker'
import { doctor, fromRedis, plan, redisDeadLetters, redisOnce, toRedis, type RedisClient, type ToRedis } from 'millrace/redis'
import { run } from 'millrace/operators'
import { take, type OperatorFunction } from 'rxjs'
import { redisStub } from '../../support/redis-stub.js'
import { letter, twoThrough } from '../../support/two-messages.js'
import { junk, type Rows } from './kinds.js'
import { soon } from './soon.js'

const passed = async (operator: OperatorFunction<Delivery<number>, Delivery<unknown>>): Promise<unknown> => {
  using ctx = soon()
  return await run(ctx, twoThrough(operator)).join()
}
const to = (options: Partial<ToRedis<number>>) => passed(toRedis(redisStub(), { stream: 'out', ...options }))
const asking = (call: unknown): RedisClient => ({ ...redisStub(), call: junk(call) })

const from = async (client: RedisClient): Promise<unknown> => {
  using ctx = soon()
  return await run(ctx, fromRedis(client, { queue: 'in' }).pipe(take(2), settle({ attempts: 1 }))).join()
}

export const redis: Rows = {
  'doctor(client): call': async (f) => await doctor(asking(f), { patience: 50 }),
  'doctor(client): nodes': async (f) => await doctor({ ...redisStub(), nodes: junk(f) }, { patience: 50 }),
  'fromRedis(client): call': (f) => from(asking(f)),
  'fromRedis(client): duplicate': (f) => from({ ...redisStub(1), duplicate: junk(f) }),
  'fromRedis(client): nodes': (f) => from({ ...redisStub(1), nodes: junk(f) }),
  'plan(client): call': async (f) => await plan(asking(f), { queue: 'in' }).check(),
  'redisDeadLetters(client): call': async (f) => await redisDeadLetters(asking(f), { stream: 'dead' })(letter),
  'redisOnce(client): call': async (f) => void (await (redisOnce(asking(f)).claim('a', 'me', { lease: 1, within: 1 }) as Op<unknown>)),
  'toRedis(client): call': (f) => passed(toRedis(asking(f), { stream: 'out' })),
  'toRedis({ id })': (f) => to({ id: junk(f) }),
  'toRedis({ key })': (f) => to({ key: junk(f) }),
  'toRedis({ value })': (f) => to({ value: junk(f) }),
}
