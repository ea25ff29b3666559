/**
 * The code of users that the test kit calls, in request A, after a run of the same place in request B and beside goroutines of B. Prints for
 * each place the stores that the code saw. `lazy` loads the kit within request L, `at once` does not wait then; `keep` keeps async contexts.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type * as Rows from '../../api/user-code/testing.js'

const request = new AsyncLocalStorage<string>()
const [how, keep] = process.argv.slice(2)

const load = async () => ({
  ...(await import('millrace')),
  ...(await import('millrace/node')),
  rows: await import('../../api/user-code/testing.js'),
})
const { chan, go, keepAsyncContext, onCrash, onLateFailure, range, rows, sleep } =
  how === 'static' ? await load() : await request.run('L', load)
if (how !== 'at once') await new Promise((resolve) => setTimeout(resolve, 10)) // Deno and Bun have no neutral context in the first turn
if (keep === 'keep') keepAsyncContext()
for (const on of [onCrash, onLateFailure]) on(() => {})

/** Code that is called at the place, and goes on after a wait where the place performs a generator. */
function* looks(look: () => void): Generator<never, void> {
  look()
  yield* sleep(1)
  look()
}

/** Places that perform their code. */
const performs = /\((program|fn)\)/

type Table = (typeof Rows)[keyof typeof Rows]

async function storesOf(name: string, row: Table[string]): Promise<readonly string[]> {
  const stores: string[] = []
  const runIn = async (store: string, look: () => void): Promise<void> => {
    const code = performs.test(name) ? () => looks(look) : look
    try {
      await request.run(store, () => row(code as never, () => {}))
    } catch {
      // the code is no good subject: it only looks
    }
  }
  await runIn('B', () => {
    throw new Error('soon over')
  })
  await runIn('A', () => void stores.push(request.getStore() ?? 'none'))
  return stores
}

const work = chan<number>()
request.run('B', () => {
  go(function* () {
    for (const it = range(work); yield* it.next();) go(() => {})
  })
  setInterval(() => void work.trySend(1), 1)
})
const seen: Record<string, readonly string[]> = {}
for (const [name, row] of Object.entries({ ...rows.testing, ...rows.fastCheck })) seen[name] = await storesOf(name, row)
console.log(JSON.stringify(seen))
process.exit()
