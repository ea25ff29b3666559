/** A server whose memory is full takes no more messages, and gives those that it has: settling them frees the memory. */
import { background } from 'millrace'
import { settle, through } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromRedis, plan } from 'millrace/redis'
import { take } from 'rxjs'
import { expect, it } from 'vitest'
import { clientAt } from './harness.js'
import { RedisServer } from './server.js'

it('a queue is worked off while the memory of the server is full, also where a message was deleted unread', async () => {
  const server = new RedisServer()
  await server.start()
  const client = clientAt(server.port)
  try {
    await plan(client, { queue: 'in' }).apply()
    const ids: string[] = []
    for (let n = 0; n < 20; n++) ids.push((await client.xadd('in', '*', 'value', String(n))) as string) // an id is made
    await client.xtrim('in', 'MINID', ids[2])
    await client.config('SET', 'maxmemory', '1')
    await expect(client.xadd('in', '*', 'value', '20')).rejects.toThrow('OOM')
    const worked: unknown[] = []
    const all = fromRedis<number>(client, { queue: 'in' }).pipe(
      take(18),
      workerPool(
        4,
        through((n) => void worked.push(n)),
      ),
      settle(),
    )
    await run(background, all).join()
    expect(worked).toEqual(Array.from({ length: 18 }, (_, i) => i + 2))
  } finally {
    client.disconnect()
    await server.close()
  }
})
