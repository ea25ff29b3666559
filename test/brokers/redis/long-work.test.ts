/** A message in long work stays with its worker, however many others are settled meanwhile. */
import { background, withCancel } from 'millrace'
import { settle, type Delivery } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromRedis, plan } from 'millrace/redis'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { serverForTests } from './harness.js'

const { client } = serverForTests()

it('keeps a message in long work, while others are settled all the time', async () => {
  await plan(client, { queue: 'works' }).apply()
  const many = client.pipeline()
  for (let n = 0; n < 60_000; n++) many.xadd('works', '*', 'value', JSON.stringify(n === 0 ? 'long' : n))
  await many.exec()
  const lease = 200
  let deliveries = 0
  let isLost = false
  const stop = withCancel(background)
  const working = run(
    stop,
    fromRedis<number | 'long'>(client, { queue: 'works', lease, beat: 50 }).pipe(
      workerPool(100, async (delivery: Delivery<number | 'long'>) => {
        if (delivery.value !== 'long') {
          for (let n = delivery.value % 40; n > 0; n--) await turn() // some end during each call
        } else if (++deliveries === 1) {
          await pause(4 * lease)
          isLost = delivery.ctx.err()._tag === 'Some'
          stop.cancel()
        }
        return delivery
      }),
      settle(),
    ),
  )
  await working.join().attempt()
  expect({ deliveries, isLost }).toEqual({ deliveries: 1, isLost: false })
})
