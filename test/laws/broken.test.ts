/** A law must be able to fail: each fault breaks the laws that it should, and no others. */
import type { Law } from 'millrace/testing'
import { LawError } from 'millrace/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { brokenChannels, brokenOperators, brokenSinks, brokenSources, type Broken } from './broken.js'
import { someOf } from '../support/portion.js'

const kinds: Record<string, readonly Broken[]> = {
  channel: brokenChannels,
  operator: brokenOperators,
  source: brokenSources,
  sink: brokenSinks,
}

async function isBroken(law: Law): Promise<boolean> {
  try {
    await law.check()
    return false
  } catch (error) {
    if (error instanceof LawError) return true
    throw error
  }
}

describe.each(Object.entries(kinds))('a broken %s', (kind, faults) => {
  const found: [string, readonly string[]][] = []

  it.each(someOf(faults))('$fault: breaks $breaks', async ({ fault, breaks, laws }) => {
    const broken: string[] = []
    for (const law of laws) if (await isBroken(law)) broken.push(law.name)
    found.push([fault, broken])
    expect(broken.sort()).toEqual([...breaks].sort())
  })

  it('each law is broken by some fault', () => {
    const names = new Set(faults.flatMap(({ laws }) => laws.map(({ name }) => name)))
    const broken = new Set(faults.flatMap(({ breaks }) => breaks))
    expect([...names].filter((name) => !broken.has(name))).toEqual([])
  })

  afterAll(() => console.log(table(kind, faults, found)))
})

/** A row for each fault, a column for each law. */
function table(kind: string, faults: readonly Broken[], found: readonly (readonly [string, readonly string[]])[]): string {
  const names = [...new Set(faults.flatMap(({ laws }) => laws.map(({ name }) => name)))]
  const width = Math.max(...found.map(([fault]) => fault.length))
  const rows = found.map(
    ([fault, broken]) => `${fault.padEnd(width)}  ${names.map((name) => (broken.includes(name) ? 'X' : '·')).join(' ')}`,
  )
  const head = names.map((name, i) => `${' '.repeat(width)}  ${'| '.repeat(i)}${name}`)
  return [`broken: ${kind}`, ...head, ...rows].join('\n')
}
