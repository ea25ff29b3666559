/** Dead letters of NATS go back to their stream, byte for byte, once, also where a replay is cut off and begins again. */
import { background, withCancel } from 'millrace'
import { lag, replay, settle, through, type StoredLetter } from 'millrace/broker'
import { fromNats, natsDeadLetters, plan, toNats } from 'millrace/nats'
import { run, workerPool } from 'millrace/operators'
import type { NatsConnection } from '@nats-io/transport-node'
import { tap } from 'rxjs'
import { expect, it } from 'vitest'
import { countOf, servers, type Opened } from './nats.js'

const open = servers()
const N = 200

/** A stream of dead letters of `N` messages, of which the last is no JSON. */
async function withLetters(opened: Opened): Promise<NatsConnection> {
  const nc = await opened.connect()
  await plan(nc, { queue: 'again' }).apply()
  await plan(nc, { queue: 'in' }).apply()
  await plan(nc, { queue: 'dead', lease: 1000 }).apply()
  for (let i = 0; i < N; i++) await nc.request(`in.${i}`, i === N - 1 ? '{' : JSON.stringify(i), { timeout: 10_000 })
  using ctx = withCancel(background)
  const store = natsDeadLetters(nc, { subject: 'dead' })
  let count = 0
  const deadLetters = function* (letter: Parameters<typeof store>[0]) {
    yield* store(letter)
    if (++count === N) ctx.cancel()
  }
  const failing = through((n: number) => {
    throw new RangeError(`bad ${n % 2}`)
  })
  await run(ctx, fromNats<number>(nc, { queue: 'in' }).pipe(workerPool(8, failing), settle({ attempts: 1, deadLetters })))
    .join()
    .attempt()
  expect(await countOf(nc, 'dead')).toBe(N)
  return nc
}
const asBytes = (data: Uint8Array): Uint8Array => data
const letters = (nc: NatsConnection) => fromNats<Uint8Array>(nc, { queue: 'dead', decode: asBytes, beat: 300 })
const back = (nc: NatsConnection) =>
  toNats<Uint8Array>(nc, { subject: 'again', encode: (data) => data as Uint8Array, id: ({ position }) => String(position), window: 16 })
const textOf = ({ value }: { readonly value: Uint8Array }): string => new TextDecoder().decode(value)

it('puts back what is wanted, and keeps the rest for the next replay', async () => {
  const nc = await withLetters(await open())
  const odd = ({ cause }: StoredLetter<Uint8Array>) => cause === 'RangeError: bad 1'
  expect(await replay(background, letters(nc), { to: back(nc), where: odd }).join()).toEqual({
    replayed: N / 2 - 1,
    kept: N / 2 + 1,
    left: 0,
  })
  expect(await replay(background, letters(nc), { to: back(nc), limit: 10 }).join()).toEqual({ replayed: 10, kept: 0, left: N / 2 - 9 })
  expect(await replay(background, letters(nc), { to: back(nc) }).join()).toEqual({ replayed: N / 2 - 9, kept: 0, left: 0 })
  expect(await countOf(nc, 'again')).toBe(N)
  const stored = new Set<string>()
  const all = fromNats<Uint8Array>(nc, { queue: 'again', decode: asBytes })
  await replay(background, all, { to: (source) => source, where: (letter) => stored.add(textOf(letter)).size === 0 }).join()
  expect(stored).toEqual(new Set([...Array.from({ length: N - 1 }, (_, i) => String(i)), '{']))
})

it('stores each message once, where replays are cut off', async () => {
  const opened = await open()
  const nc = await withLetters(opened)
  let cuts = 0
  for (let left = N; left > 0;) {
    const own = await opened.connect()
    let stored = 0
    const cut = () => {
      if (++stored === 60) void own.close().then(() => cuts++) // as a process that is killed: what it has comes again after its lease
    }
    await replay(background, letters(own), { to: (source) => source.pipe(back(own), tap(cut)), patience: 2000 })
      .join()
      .attempt()
    const { waiting, underWay } = await lag(letters(nc))
    left = waiting + underWay
  }
  expect(cuts).toBeGreaterThan(1)
  expect(await countOf(nc, 'again')).toBe(N)
})
