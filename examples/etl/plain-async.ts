/** The same with promises and loops: `Promise.all` over the requests of a batch. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import type { Job } from './job.js'
import { orderRow, type EnrichedRow, type OrderRow } from './order.js'

export async function plainAsync(
  signal: AbortSignal,
  { path, origin, workers, rate, perRequest, perBatch, store, report }: Job,
): Promise<void> {
  const text = createReadStream(path).pipe(createGunzip()) // an error of the file is not passed on
  const rows: AsyncIterable<unknown> = path.endsWith('.csv.gz') ? text.pipe(parse({ columns: true })) : createInterface({ input: text })
  const { checkpoint } = store
  let slot = Date.now()

  async function enrich(orders: readonly OrderRow[]): Promise<EnrichedRow[]> {
    const customers = orders.map(({ row }) => row.customer)
    for (let attempt = 1; ; attempt++) {
      slot = Math.max(slot + 1_000 / rate, Date.now())
      await wait(slot - Date.now(), undefined, { signal })
      let pause = 50 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
      try {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(5_000)])
        const response = await fetch(`${origin}/discounts?customers=${customers.join()}`, { signal: limit })
        if (response.ok) {
          const discounts = (await response.json()) as number[]
          return orders.map((order, i) => ({ ...order, percent: discounts[i] }))
        }
        await response.body?.cancel()
        pause = Math.max(pause, 1_000 * Number(response.headers.get('retry-after') ?? 0))
        if (attempt === 10) throw new Error(`status ${response.status}`)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (attempt === 10) throw error
      }
      await wait(pause, undefined, { signal })
    }
  }

  async function save(orders: readonly OrderRow[]): Promise<void> {
    const groups: OrderRow[][] = []
    for (let i = 0; i < orders.length; i += perRequest) groups.push(orders.slice(i, i + perRequest))
    const enriched: EnrichedRow[] = []
    for (let i = 0; i < groups.length; i += workers) enriched.push(...(await Promise.all(groups.slice(i, i + workers).map(enrich))).flat())
    store.save(enriched)
    report(null)
  }

  let line = 0
  let orders: OrderRow[] = []
  for await (const row of rows) {
    if (++line <= checkpoint) continue
    const decoded = orderRow.safeParse({ line, row })
    if (!decoded.success) store.reject(line, decoded.error.message)
    else orders.push(decoded.data)
    if (orders.length < perRequest * perBatch) continue
    await save(orders)
    orders = []
  }
  if (orders.length > 0) await save(orders)
}
