/** The places of `millrace/nats` that call code of users, over a connection without a server. */
import { memoryBroker, positionOf, settle, type DeadDelivery, type Delivery } from 'millrace/broker'
import { fromNats, natsDeadLetters, toNats, type FromNats, type ToNats } from 'millrace/nats'
import { run } from 'millrace/operators'
import { take, type OperatorFunction } from 'rxjs'
import { natsStub } from '../../support/nats-stub.js'
import { junk, type Rows } from './kinds.js'
import { soon } from './soon.js'

const passed = async (operator: OperatorFunction<Delivery<number>, Delivery<unknown>>): Promise<unknown> => {
  using ctx = soon()
  const broker = memoryBroker({ partitions: 1 })
  for (const n of [1, 2]) broker.publish('in', n, { key: 'k' })
  const source = broker.connect().from<number>({ log: 'in' })
  return await run(ctx, source.pipe(take(2), operator, settle({ attempts: 1 }))).join()
}
const to = (options: Partial<ToNats<number>>) => passed(toNats(natsStub(), { subject: 'out', ...options }))
const letter: DeadDelivery = {
  payload: 1,
  key: null,
  headers: new Map(),
  position: positionOf('in', 0, 0, 0),
  cause: new Error('bad'),
  stage: 'work',
  attempts: 1,
}

const from = async (options: Partial<FromNats<unknown>>): Promise<unknown> => {
  using ctx = soon()
  return await run(ctx, fromNats(natsStub(2), { queue: 'in', ...options }).pipe(take(2), settle({ attempts: 1 }))).join()
}

export const nats: Rows = {
  'fromNats(options): decode': (f) => from({ decode: junk(f) }),
  'fromNats(options): key': (f) => from({ key: junk(f) }),
  'natsDeadLetters(options): encode': async (f) => await natsDeadLetters(natsStub(), { subject: 'dead', encode: junk(f) })(letter),
  'toNats(options): encode': (f) => to({ encode: junk(f) }),
  'toNats(options): id': (f) => to({ id: junk(f) }),
  'toNats(options): key': (f) => to({ key: junk(f) }),
  'toNats(options): value': (f) => to({ value: junk(f) }),
}
