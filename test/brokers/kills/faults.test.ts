/**
 * Each row of the kill matrix fails where a worker is wrong. A fault is seeded, and the row counts lost or repeated messages at one of
 * three points.
 *
 * | row | fault of the worker | seen as |
 * |---|---|---|
 * | a worker, or both, killed | settles before the effect | lost |
 * | the server killed, its disk full | settles what the server has not stored | lost |
 * | stopped for three leases, a log | its requests as the owner have an effect after the takeover | repeated beyond the windows that were taken over |
 * | the network cut | settles what it could not send within 600 ms | lost |
 * | drained | ends at once | repeated |
 *
 * In a queue a takeover that is ignored is not seen: a worker that was stopped repeats what it works on in any case, and it settles what another
 * holds rightly, because the effect has happened.
 */
import { describe, expect, it } from 'vitest'
import { allowed, countedWhenCut, countedWhenFull, optionsOf } from './cuts.js'
import { postgres } from './engines/postgres.js'
import { countedAt, rows } from './rows.js'
import type { Counted } from './run.js'
import type { Fault, WorkerSettings } from './settings.js'

type Seen = 'lost' | 'repeated'

const broken: readonly (readonly [row: string, use: WorkerSettings['use'], fault: Fault, seen: Seen])[] = [
  ['a worker is killed', 'log', 'settles-first', 'lost'],
  ['a worker is killed', 'queue', 'settles-first', 'lost'],
  ['the server is killed', 'log', 'drops-refusals', 'lost'],
  ['the server is killed', 'queue', 'drops-refusals', 'lost'],
  ['a worker and the server are killed', 'log', 'settles-first', 'lost'],
  ['a worker is stopped for three leases', 'log', 'ignores-takeovers', 'repeated'],
  ['a worker is drained', 'log', 'ends-at-once', 'repeated'],
  ['a worker is drained', 'queue', 'ends-at-once', 'repeated'],
]

/** Odd seeds: runs without ids. */
const seeds = [1, 3, 5]

async function failsAtAPoint(seen: Seen, count: (seed: number) => Promise<Counted>): Promise<void> {
  const all: Counted[] = []
  for (const seed of seeds) {
    const { tally, most } = (all[all.length] = await count(seed))
    if (seen === 'lost' ? tally.lost > 0 : tally.duplicates > most) return
  }
  expect.fail(`the row has not failed: ${JSON.stringify(all)}`)
}

describe.concurrent('a row fails', () => {
  it.each(broken)('%s, a %s, and a worker that %s: %s', (name, use, fault, seen) =>
    failsAtAPoint(seen, (seed) => countedAt({ engine: postgres, use, name, row: rows[name], seed, fault })),
  )

  it.runIf(allowed)('the disk is full, and a worker that drops-refusals: lost', () =>
    failsAtAPoint('lost', (seed) => countedWhenFull(postgres, { ...optionsOf(postgres, 'log', seed), fault: 'drops-refusals' })),
  )

  it.runIf(allowed).each(['log', 'queue'] as const)('the network is cut, a %s, and a worker that drops-late: lost', (use) =>
    failsAtAPoint('lost', (seed) => countedWhenCut(postgres, { ...optionsOf(postgres, use, seed), fault: 'drops-late' })),
  )
})
