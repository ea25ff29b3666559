/** The places of `millrace/nats` that call code of users, over a connection without a server. */
import { settle } from 'millrace/broker'
import { fromNats, natsDeadLetters, natsLink, toNats, type FromNats, type ToNats } from 'millrace/nats'
import { run } from 'millrace/operators'
import { take } from 'rxjs'
import { natsStub } from '../../support/nats-stub.js'
import { letter, twoThrough } from '../../support/two-messages.js'
import { junk, type Rows } from './kinds.js'
import { soon } from './soon.js'

const passed = async (operator: Parameters<typeof twoThrough>[0]): Promise<unknown> => {
  using ctx = soon()
  return await run(ctx, twoThrough(operator)).join()
}
const to = (options: Partial<ToNats<number>>) => passed(toNats(natsStub(), { subject: 'out', ...options }))

const from = async (options: Partial<FromNats<unknown>>): Promise<unknown> => {
  using ctx = soon()
  return await run(ctx, fromNats(natsStub(2), { queue: 'in', ...options }).pipe(take(2), settle({ attempts: 1 }))).join()
}

export const nats: Rows = {
  'fromNats({ decode })': (f) => from({ decode: junk(f) }),
  'fromNats({ key })': (f) => from({ key: junk(f) }),
  'natsDeadLetters({ encode })': async (f) => await natsDeadLetters(natsStub(), { subject: 'dead', encode: junk(f) })(letter),
  'natsLink({ decode })': async (f) => {
    using ctx = soon()
    const items = natsLink(natsStub(2), { stages: 'shop', decode: junk(f) }).from({ queue: 'in' })
    return await run(ctx, items.pipe(take(2), settle({ attempts: 1 }))).join()
  },
  'natsLink({ encode })': (f) => passed(natsLink(natsStub(), { stages: 'shop', encode: junk(f) }).to({ topic: () => 'out' })),
  'toNats({ encode })': (f) => to({ encode: junk(f) }),
  'toNats({ id })': (f) => to({ id: junk(f) }),
  'toNats({ key })': (f) => to({ key: junk(f) }),
  'natsDeadLetters({ subject })': async (f) => await natsDeadLetters(natsStub(), { subject: junk(f) })(letter),
  'toNats({ subject })': (f) => to({ subject: junk(f) }),
  'toNats({ value })': (f) => to({ value: junk(f) }),
}
