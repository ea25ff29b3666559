/** Files of orders: the same each time, with a broken row now and then. */
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { random } from '../logs/random.js'

export type Format = 'ndjson' | 'csv'

const CUSTOMERS = 5_000
/** Each so many rows one is broken. */
const BROKEN = 1_000

/** The path of a file with `count` rows. A file that is there from the last time is not made again. */
export async function generate(folder: string, format: Format, count: number, signal: AbortSignal): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, `orders-${count}.${format}.gz`)
  if (existsSync(path)) return path
  const begun = `${path}.part` // a run that is cut short leaves nothing that looks whole
  await pipeline(Readable.from(chunks(format, count)), createGzip({ level: 1 }), createWriteStream(begun), { signal })
  await rename(begun, path)
  return path
}

/** Rows of the file that are no orders. */
export const brokenOf = (count: number): number => Math.floor(count / BROKEN)

function* chunks(format: Format, count: number): Generator<string, void> {
  const chance = random(3)
  let chunk = format === 'csv' ? 'id,customer,cents,at\n' : ''
  for (let id = 1; id <= count; id++) {
    const row = { id, customer: Math.floor(CUSTOMERS * chance() ** 2), cents: Math.floor(20_000 * chance()), at: timeOf(id) }
    if (id % BROKEN === 0) row.cents = -1
    chunk += format === 'csv' ? `${Object.values(row).join(',')}\n` : `${JSON.stringify(row)}\n`
    if (chunk.length < 65_536) continue
    yield chunk
    chunk = ''
  }
  yield chunk
}

function timeOf(id: number): string {
  return new Date(Date.UTC(2026, 10, 2) + id * 1_000).toISOString()
}
