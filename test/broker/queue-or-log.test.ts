/** A source or a plan has a queue or a log: with neither and with both it throws, and the message names the call. */
import { expect, it } from 'vitest'
import { memoryBroker } from 'millrace/broker'
import { fromNats, plan as planOfNats } from 'millrace/nats'
import { fromPostgres, plan as planOfPostgres } from 'millrace/postgres'
import { fromRedis, plan as planOfRedis } from 'millrace/redis'
import { natsStub } from '../support/nats-stub.js'
import { postgresStub } from '../support/postgres-stub.js'
import { redisStub } from '../support/redis-stub.js'

const calls: [where: string, call: (options: object) => unknown][] = [
  ['link.from(', (options) => memoryBroker().connect().from(options)],
  ['fromNats(nc, ', (options) => fromNats(natsStub(), options)],
  ['plan(nc, ', (options) => planOfNats(natsStub(), options)],
  ['fromPostgres(pool, ', (options) => fromPostgres(postgresStub(), options)],
  ['plan(pool, ', (options) => planOfPostgres(postgresStub(), options)],
  ['fromRedis(client, ', (options) => fromRedis(redisStub(), options)],
  ['plan(client, ', (options) => planOfRedis(redisStub(), options)],
]

/** Plans of other things too. */
const more: Readonly<Record<string, string>> = {
  'plan(nc, ': '{ queue }, { log, partitions }, { stages } or { bucket }, got none of them',
  'plan(pool, ': '{ queue }, { log } or { once: true }, got none of them',
}

it.each(calls)('%s… with neither, with both, and with one that is no name', (where, call) => {
  const neither = more[where] ?? '{ queue } or { log }, got neither'
  expect(() => call({})).toThrow(new TypeError(`${where}options): expected ${neither}`))
  expect(() => call({ queue: 'in', log: 'in' })).toThrow(new TypeError(`${where}{ queue, log }): expected one of both, got both`))
  expect(() => call({ queue: 1 })).toThrow(new TypeError(`${where}{ queue }): expected a name, got 1`))
})

it('the store of postgresOnce needs no topic', () => {
  expect(() => planOfPostgres(postgresStub(), { once: true })).not.toThrow()
})
