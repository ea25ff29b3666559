import Database from '../../examples/database/index.js'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { random } from '../../examples/logs/random.js'
import { start } from './program.js'

let folder: string
let data: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'etl-'))))
beforeEach(() => void (data = mkdtempSync(join(folder, 'data-'))))
afterAll(() => rmSync(folder, { recursive: true }))

const SMALL = ['--per-request', '5', '--batch', '20', '--rate', '400']
const run = (...args: string[]) => start('examples/etl/main.ts', ['--data', data, ...SMALL, ...args])

interface OrderRow {
  id: number
  customer: number
  cents: number
  percent: number
}

function rowsOf(style: string): OrderRow[] {
  const db = new Database(join(data, `orders-${style}.db`), { readonly: true })
  try {
    return db.prepare<[], OrderRow>('SELECT id, customer, cents, percent FROM orders').all()
  } finally {
    db.close()
  }
}

/** The ids of a generated file whose rows are orders. */
const idsOf = (count: number) => Array.from({ length: count }, (_, i) => i + 1).filter((id) => id % 1_000 !== 0)

function fileOf(name: string, text: string): string {
  const path = join(data, name)
  writeFileSync(path, gzipSync(text))
  return path
}

describe.each(['millrace', 'async', 'rxjs'])('the loader, style %s', (style) => {
  test.each(['ndjson', 'csv'])('loads each order of a %s file once, with the discount of its customer', async (format) => {
    const { status, stderr } = await run('--orders', '1500', '--format', format, '--style', style).ended
    expect(stderr.at(-2)).toContain('1499 rows of 1499 orders, 1 rejected, checkpoint')
    expect(status).toBe(0)
    const rows = rowsOf(style)
    expect(rows.map(({ id }) => id).sort((a, b) => a - b)).toEqual(idsOf(1500))
    expect(rows.every(({ customer, percent }) => percent === customer % 7)).toBe(true)
  })
})

test('notes rows that are no orders, and goes on', async () => {
  const order = JSON.stringify({ id: 1, customer: 2, cents: 3, at: '2026-11-02T00:00:00.000Z' })
  const file = fileOf('orders.ndjson.gz', `${order}\nno json\n{"id":"x"}\n${order}\n`)
  const { status, stderr } = await run(file).ended
  expect(stderr.at(-2)).toBe('2 rows of 1 orders, 2 rejected, checkpoint 4')
  expect(status).toBe(0)
})

test('a file that is cut off is an error, and its rows before that are in the table', async () => {
  const whole = Array.from({ length: 4_000 }, (_, i) =>
    JSON.stringify({ id: i + 1, customer: i, cents: i, at: '2026-11-02T00:00:00.000Z' }),
  ).join('\n')
  const zipped = gzipSync(whole, { level: 0 })
  const path = join(data, 'orders.ndjson.gz')
  writeFileSync(path, zipped.subarray(0, zipped.length - 2_000))
  const { status, stderr } = await run(path).ended
  expect(stderr.at(-1)).toBe('error: unexpected end of file')
  expect(rowsOf('millrace').length).toBeGreaterThan(0)
  expect(status).toBe(1)
})

test('Ctrl-C stops it with status 130, and the next run goes on', async () => {
  const cut = run('--orders', '2000')
  await begun(cut.process.stderr)
  await wait(300)
  cut.process.kill('SIGINT')
  expect((await cut.ended).status).toBe(130)
  const before = rowsOf('millrace').length
  const { stderr, status } = await run('--orders', '2000').ended
  expect(stderr[0]).toMatch(before === 0 ? /^begins after row 0$/ : /^begins after row \d+$/)
  expect(status).toBe(0)
  expect(rowsOf('millrace').map(({ id }) => id)).toEqual(idsOf(2000))
})

const KILLS = 6
const SEED = Number(process.env['SEED'] ?? Date.now() % 100_000)

test(`kill -9 at random times loses no row, and repeats none (SEED=${SEED})`, async () => {
  const chance = random(SEED)
  let kills = 0
  for (let round = 0; round < 2 * KILLS; round++) {
    const killed = run('--orders', '2000')
    await begun(killed.process.stderr)
    await wait(chance() * 400)
    killed.process.kill('SIGKILL')
    const { status } = await killed.ended
    if (status === 0) break
    expect(status).toBe('SIGKILL')
    const ids = rowsOf('millrace').map(({ id }) => id)
    expect(ids).toEqual(idsOf(2000).slice(0, ids.length))
    if (ids.length > 0 && ids.length < 1998 && ++kills === KILLS) break
  }
  expect((await run('--orders', '2000').ended).status).toBe(0)
  expect(rowsOf('millrace').map(({ id }) => id)).toEqual(idsOf(2000))
}, 120_000)

/** The line `begins after row n`. */
async function begun(stderr: unknown): Promise<void> {
  for await (const line of createInterface({ input: stderr as NodeJS.ReadableStream })) if (line.startsWith('begins')) return
}
