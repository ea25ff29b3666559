/** The counts of the runs, as a table at the end of a suite; `TALLIES=file` adds a line of each run to a file, for runs that take hours. */
import { appendFileSync } from 'node:fs'
import { afterAll, expect } from 'vitest'
import type { Counted, Tally } from './run.js'

const tallies = new Map<string, Tally[]>()

/** The row of an engine holds: its counts are noted, nothing is lost or out of order, and no more is repeated than may be. */
export function holds(engine: string, use: 'log' | 'queue', row: string, { tally, most, hasIds }: Counted): void {
  note(engine, `${use}, ${hasIds ? 'with' : 'without'} ids: ${row}`, tally)
  expect(tally).toMatchObject({ lost: 0, ...(use === 'log' && { outOfOrder: 0 }) })
  expect(tally.duplicates).toBeLessThanOrEqual(most)
}

function note(engine: string, row: string, tally: Tally): void {
  if (process.env.TALLIES !== undefined) appendFileSync(process.env.TALLIES, `${JSON.stringify({ engine, row, ...tally })}\n`)
  tallies.set(row, [...(tallies.get(row) ?? []), tally])
}

afterAll(() => {
  for (const [row, all] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [lost, outOfOrder] = (['lost', 'outOfOrder'] as const).map((name) => all.reduce((sum, tally) => sum + tally[name], 0))
    const repeated = all.map(({ duplicates }) => duplicates).sort((a, b) => a - b)
    const order = row.startsWith('log') ? `, ${outOfOrder} out of order` : ''
    const middle = repeated[Math.floor(repeated.length / 2)]
    console.log(`${row}: ${all.length} runs, ${lost} lost${order}; repeated: ${middle} (${repeated.at(0)} to ${repeated.at(-1)})`)
  }
})
