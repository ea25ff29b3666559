/**
 * docs/operators.md says for every stage: the items it holds, the fate of waiting items at an error, at completion and on
 * cancel, when an item is done, where functions of the user run. The marbles are in operators-marbles.test.ts.
 */
import { readFileSync } from 'node:fs'
import * as operators from 'millrace/operators'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'

/** Exported functions that are no stage. */
const others = new Set([
  'fromGoroutine', 'fromIterable', 'fromOp', 'fromReceiver', 'fromSelect', 'pipeline', 'collect', 'run', 'toReceiver', 'bounds', 'graph', 'onUnpaced',
  'strictDemand', 'trailOf', 'pauseControls',
]) // prettier-ignore
const stages = Object.keys(operators).filter((name) => /^[a-z]/.test(name) && !others.has(name))

const page = readFileSync(new URL('docs/operators.md', root), 'utf8')
const section = (title: string): string => page.split(/^## /m).find((part) => part.startsWith(title)) ?? ''

/** The rows of the tables of a section that name the stage in their first cell, and their other cells. */
const rowsOf = (title: string, stage: string): string[][] =>
  section(title)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(2, -2).split(' | '))
    .filter(([first]) => new RegExp(`\`${stage}[(\`]`).test(first))

describe.each(stages)('the page says of %s', (stage) => {
  it('the items it holds', () => {
    if (stage !== 'sendTo') expect(rowsOf('All operators', stage)).not.toEqual([])
    const headings = [...section('Stage by stage').matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)
    const own = stage === 'sendTo' ? 'Sources and sinks' : `\`${stage}\``
    expect(headings.filter((heading) => heading.includes(own))).toHaveLength(1)
  })
  it('the fate of items at an error, at completion and on cancel', () => {
    expect(rowsOf('How a pipeline ends', stage).map((cells) => cells.length)).toEqual([4])
  })
  it('when an item is done, and where functions run', () => {
    expect(rowsOf('When an item is done', stage).map((cells) => cells.length)).toEqual([3])
  })
})
