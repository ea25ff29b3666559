/** A law of brokers must be able to fail: each is broken by a fault of its own, seeded into our sources, with a token that shows the run again. */
import type { memoryBroker } from 'millrace/broker'
import type { Law, laws } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { loadMutant, type Edit } from '../model/mutant.js'
import type { Library } from '../model/library.js'
import { someOf } from '../support/portion.js'
import { brokenBrokers } from './broken-brokers.js'

interface BrokerLibrary extends Library {
  readonly laws: typeof laws
  readonly memoryBroker: typeof memoryBroker
}

async function lawsWith(edits: readonly Edit[]): Promise<readonly Law[]> {
  const also = ["export { laws } from '../testing/index.js'", "export { memoryBroker } from '../adapters/broker/index.js'"]
  const library = await loadMutant<BrokerLibrary>(edits, also)
  return library.laws.broker(library.memoryBroker)
}

const named = (all: readonly Law[], name: string): Law => all.find((one) => one.name === name) as Law // the names are those of laws

async function failure(run: Promise<void>): Promise<{ readonly name?: string; readonly token?: string }> {
  return run.then(
    () => ({}),
    (error: unknown) => error as Error, // a rejection
  )
}

describe('a broken broker', () => {
  it('is there for each law', async () => {
    const names = (await lawsWith([])).map(({ name }) => name)
    expect(brokenBrokers.map(({ law }) => law).sort()).toEqual([...names].sort())
  })

  it.each(someOf(brokenBrokers))('$fault: breaks "$law"', async ({ law: name, edits }) => {
    const law = named(await lawsWith(edits), name)
    const broken = await failure(law.check())
    expect(broken).toMatchObject({ name: 'LawError', law: name })
    expect(await failure(law.replay(String(broken.token)))).toMatchObject({ name: 'LawError', law: name })
  })
})
