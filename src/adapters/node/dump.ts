/** Who is there and what each waits for, as text: in the manner of the dumps that Go's runtime writes. */
import { queue, type Spawned } from '../../runtime/internal.js'
import type { Roster } from './roster.js'

/** A line for each goroutine on the roster, main first, and how many others there are. */
export function dump(main: Spawned, roster: Roster | null): string {
  const others = roster === null ? [] : roster.live().filter((goroutine) => goroutine !== main)
  const lines = [main, ...others].map((goroutine) => line(goroutine, roster))
  const unknown = queue.live - lines.length
  if (unknown > 0) lines.push(`and ${unknown} more that ${unknown === 1 ? 'was' : 'were'} not traced`)
  return `${lines.join('\n')}\n`
}

function line(goroutine: Spawned, roster: Roster | null): string {
  const { id, name, waitsFor } = goroutine // of an async function `await`, and no time: it waits where it likes
  const waited = waitsFor === 'runnable' ? 0 : (roster?.waited(goroutine) ?? 0)
  return `goroutine ${id} [${waitsFor}${age(waited)}]: ${name}`
}

/** In whole seconds, then minutes, then hours; below a second it says nothing. (Go gives minutes alone.) */
export function age(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 1) return ''
  if (seconds < 60) return `, ${seconds} s`
  return seconds < 3600 ? `, ${Math.floor(seconds / 60)} min` : `, ${Math.floor(seconds / 3600)} h`
}
