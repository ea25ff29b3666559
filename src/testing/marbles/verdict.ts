/** Compares the events a marble test expected with those it saw, and shows differences in columns. */
import { subscriptionText, type Happening, type SubscriptionLog } from './diagram.js'
import { isSame } from './same-values.js'
import { lineOf } from './values.js'

/** An inner observable as a value: compared by its events. */
export class InnerEvents {
  constructor(readonly events: readonly Happening[]) {}
}

interface Row {
  readonly frame: string
  readonly expected: string
  readonly seen: string
  readonly isSame: boolean
}

/** Rows before the first difference, and in all. */
const ROWS_BEFORE = 5
const MOST_ROWS = 30

/** Returns the differences in columns; null where there are none. */
export function differingEvents(expected: readonly Happening[], seen: readonly Happening[], values: object | undefined): string | null {
  const rows: Row[] = []
  const frames = new Set([...expected, ...seen].map(({ frame }) => frame).sort((a, b) => a - b))
  for (const frame of frames) {
    const of = (events: readonly Happening[]): readonly Happening[] => events.filter((one) => one.frame === frame)
    const [here, there] = [of(expected), of(seen)]
    for (let i = 0; i < Math.max(here.length, there.length); i++) {
      const [one, other] = [here[i], there[i]]
      rows.push({ frame: String(frame), expected: eventText(one, values), seen: eventText(other, values), isSame: isSame(one, other) })
    }
  }
  return table('frame', rows)
}

/** As `differingEvents`: a row for each subscription. */
export function differingSubscriptions(expected: readonly SubscriptionLog[], seen: readonly SubscriptionLog[]): string | null {
  const text = (log: SubscriptionLog | undefined): string => (log === undefined ? '' : subscriptionText(log))
  const rows = Array.from({ length: Math.max(expected.length, seen.length) }, (_, i): Row => {
    const [one, other] = [expected[i], seen[i]]
    return {
      frame: String(one?.subscribedFrame ?? other?.subscribedFrame),
      expected: text(one),
      seen: text(other),
      isSame: isSame(one, other),
    }
  })
  return table('frame', rows)
}

/** The letter of the diagram; with `values`, also its value. */
function eventText(event: Happening | undefined, values: object | undefined): string {
  if (event === undefined) return ''
  const { kind, value } = event
  if (kind === 'complete') return '|'
  if (kind === 'error') return value === 'error' ? '#' : `# ${lineOf(value)}`
  if (values === undefined) return typeof value === 'string' && isLetter(value) ? value : valueText(value)
  const letter = Object.entries(values).find(([, one]) => isSame(one, value))?.[0]
  return `${letter ?? '?'} = ${valueText(value)}`
}

const isLetter = (value: string): boolean => [...value].length === 1 && !/[\s|#()^!-]/.test(value)

function valueText(value: unknown): string {
  if (!(value instanceof InnerEvents)) return lineOf(value)
  return `observable: ${value.events.map((one) => `${one.frame} ${eventText(one, undefined)}`).join(', ')}`
}

function table(title: string, rows: readonly Row[]): string | null {
  const first = rows.findIndex((row) => !row.isSame)
  if (first === -1) return null
  const begin = Math.max(0, first - ROWS_BEFORE)
  const shown = rows.slice(begin, begin + MOST_ROWS)
  const head: Row = { frame: title, expected: 'expected', seen: 'seen', isSame: true }
  const wide = (key: 'frame' | 'expected'): number => Math.max(...[head, ...shown].map((row) => row[key].length))
  const [left, middle] = [wide('frame'), wide('expected')]
  const lines = [head, ...shown].map((row) =>
    `${row.isSame ? ' ' : '≠'} ${row.frame.padStart(left)}  ${row.expected.padEnd(middle)}  ${row.seen}`.trimEnd(),
  )
  if (begin > 0) lines.splice(1, 0, `  ${'…'.padStart(left)}  ${begin} as expected`)
  const rest = rows.length - begin - shown.length
  if (rest > 0) lines.push(`  ${'…'.padStart(left)}  and ${rest} more`)
  return lines.join('\n')
}
