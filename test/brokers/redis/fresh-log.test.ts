/** A log of Redis without a mark: its first messages come as fast as later ones, and so do those after takeovers singly. */
import { background, sleep, withTimeout } from 'millrace'
import { batch, drain, settle, through } from 'millrace/broker'
import { workerPool } from 'millrace/operators'
import { fromRedis, plan } from 'millrace/redis'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { clientAt, serverForTests } from './harness.js'

const { server, client } = serverForTests()

async function filled(log: string, n: number): Promise<void> {
  await plan(client, { log }).apply()
  for (let i = 0; i < n; i++) await client.xadd(`${log}:0`, '*', 'value', String(i))
}

it('fills a batch', async () => {
  await filled('rows', 20)
  const sizes: number[] = []
  const store = through((rows: number[]) => void sizes.push(rows.length))
  const source = fromRedis<number>(client, { log: 'rows' })
  const ctx = withTimeout(background, 10_000)
  const ended = drain(ctx, source.pipe(batch({ size: 5 }), workerPool(1, store), settle()))
  while (sizes.length < 4 && ctx.err()._tag === 'None') await pause(10)
  ctx.cancel()
  await ended.join().attempt()
  expect(sizes).toEqual([5, 5, 5, 5])
})

it('has one message under way at a time after two takeovers at one mark', async () => {
  await filled('suspects', 12)
  const options = { log: 'suspects', lease: 800, patience: 100, window: 8 }
  for (let kills = 0; kills < 2; kills++) {
    const other = clientAt(server.port)
    const stuck = workerPool(
      4,
      through(() => sleep(60_000)),
    )
    const ended = drain(withTimeout(background, 600), fromRedis<number>(other, options).pipe(stuck, settle()), { within: 0 })
    const failed = ended.join().attempt().then()
    await pause(400)
    other.disconnect() // as a kill: nothing is released
    await failed
    await pause(1500)
  }
  let [open, most, done] = [0, 0, 0]
  const counted = through(async () => {
    open++
    if (done < 8) most = Math.max(most, open) // as many as the window
    await pause(5)
    open--
    done++
  })
  const ctx = withTimeout(background, 20_000)
  const ended = drain(ctx, fromRedis<number>(client, options).pipe(workerPool(6, counted), settle()))
  while (done < 8 && ctx.err()._tag === 'None') await pause(5)
  expect({ most, isEnough: done >= 8 }).toEqual({ most: 1, isEnough: true })
  ctx.cancel()
  await ended.join().attempt()
})
