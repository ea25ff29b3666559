/** The marbles of docs/operators.md run: each line is a stage, or stages, over the source above it. */
import { readFileSync } from 'node:fs'
import * as millrace from 'millrace'
import * as operators from 'millrace/operators'
import { marbles, type Marbles } from 'millrace/testing'
import * as rx from 'rxjs'
import type { Observable, OperatorFunction } from 'rxjs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'

interface Line {
  readonly code: string
  readonly source: string
  readonly diagram: string
  readonly values: Readonly<Record<string, string>>
}

const valuesOf = (text: string): Record<string, string> =>
  Object.fromEntries(text.split(', ').map((pair) => pair.split(' = ') as [string, string])) // x = ab

/** A line is code, at least two blanks, and a diagram. The `where` of a block holds for the lines of the source above it. */
function linesOf(block: readonly string[]): Line[] {
  const parts = block.map((line) => /^(.*?) {2,}(\S.*)$/.exec(line)?.slice(1) ?? [line, ''])
  return parts.flatMap(([code, diagram], i) => {
    if (code === 'source' || code === 'where') return []
    const source = parts.slice(0, i).findLast(([name]) => name === 'source')?.[1] ?? ''
    const where = parts.slice(i).find(([name]) => name === 'where' || name === 'source')
    return [{ code, source, diagram, values: where?.[0] === 'where' ? valuesOf(where[1]) : {} }]
  })
}

const page = readFileSync(new URL('docs/operators.md', root), 'utf8')
const blocks = [...page.matchAll(/^```marbles\n([\s\S]*?)^```/gm)].map(([, block]) => block.trimEnd().split('\n'))
const lines = blocks.flatMap(linesOf)

/** Work that takes a number of ms for an item, and results in the item. */
const working = (msOf: (item: string) => number) =>
  function* (item: string) {
    yield* millrace.sleep(msOf(item))
    return item
  }

/** The names that the diagrams use beside the exports of the package. */
const helpers = ({ cold }: Marbles) => ({
  taking: (ms: number) => working(() => ms),
  longerFor: (slow: string) => working((item) => (item === slow ? 6 : 4)),
  failingFor: (bad: string) => (item: string) => {
    if (item === bad) throw new Error(bad)
    return item
  },
  /** Passes capitals as small letters; this letter is invalid. */
  lowerCase: (bad: string): operators.StandardSchema<string> => ({
    '~standard': {
      version: 1,
      vendor: 'docs',
      validate: (item) => (item === bad ? { issues: [{ message: bad }] } : { value: String(item).toLowerCase() }),
    },
  }),
  failingOnce(bad: string) {
    let times = 0
    return (item: string) => {
      if (item === bad && times++ === 0) throw new Error(bad)
      return item
    }
  },
  pausedFrom(from: number, until: number) {
    const controls = operators.pauseControls()
    millrace.go(function* () {
      yield* millrace.sleep(from)
      controls.pause()
      yield* millrace.sleep(until - from)
      controls.resume()
    })
    return controls
  },
  upper: rx.map((item: string) => item.toUpperCase()),
  dead: millrace.chan<operators.DeadLetter>(1),
  mergedWith: (other: string) => (source: Observable<string>) => operators.mergeFair(source, cold(other)),
  zippedWith: (other: string) => (source: Observable<string>) => operators.zipBounded(source, cold(other)),
  throughReceiver: (options: operators.ToReceiverOptions) => (source: Observable<string>) =>
    operators.fromReceiver(operators.toReceiver(source, options)),
})

/** Arrays and windows as the string of their items. */
function shown(item: unknown): unknown {
  if (Array.isArray(item)) return item.join('')
  return typeof item === 'object' && item !== null && 'items' in item ? shown(item.items) : item
}

function stagesOf(code: string, m: Marbles): OperatorFunction<string, unknown>[] {
  const scope = { ...millrace, ...operators, ...helpers(m) }
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code of the page is the test
  const evaluate = new Function(...Object.keys(scope), `return ${code}`) as (...values: unknown[]) => unknown
  const evaluated = evaluate(...Object.values(scope))
  return (Array.isArray(evaluated) ? evaluated : [evaluated]) as OperatorFunction<string, unknown>[] // the page has operators
}

let off: () => void
beforeEach(() => {
  off = operators.onUnpaced(() => {}) // the source of a diagram is foreign
})
afterEach(() => off())

it.each(lines)('$code over $source', async ({ code, source, diagram, values }) => {
  await marbles((m) => {
    const pipeline = stagesOf(code, m).reduce<Observable<unknown>>((above, stage) => above.pipe(stage as never), m.cold(source))
    m.expectObservable(pipeline.pipe(rx.map(shown))).toBe(diagram, { ...letters(diagram), ...values })
  })
})

const letters = (diagram: string): Record<string, string> =>
  Object.fromEntries([...diagram].filter((char) => /[a-zA-Z]/.test(char)).map((char) => [char, char]))

it('every stage has a diagram', () => {
  const stages = Object.keys(operators).filter(
    (name) => new RegExp(`^\\| .*\`${name}\\(`, 'm').test(page) && !name.startsWith('from') && name !== 'pipeline',
  )
  const text = lines.map(({ code }) => code).join('\n')
  const named = new Map([['mergeFair', 'mergedWith'], ['zipBounded', 'zippedWith']]) // prettier-ignore
  expect(stages.filter((name) => !text.includes(named.get(name) ?? name))).toEqual([])
  expect(stages.length).toBeGreaterThan(18)
})
