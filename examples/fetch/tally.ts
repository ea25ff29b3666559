/** Counts pages by what came of them. */
import { formatDuration } from './duration.js'
import type { Page } from './page.js'

export class Tally {
  readonly total: number | undefined
  done = 0
  failed = 0
  #bytes = 0
  readonly #outcomes = new Map<string, number>()
  readonly #started = performance.now()

  constructor(total: number | undefined) {
    this.total = total
  }

  add(page: Page): void {
    this.done++
    if (page.error !== null) this.failed++
    this.#bytes += page.bytes
    this.#outcomes.set(page.outcome, (this.#outcomes.get(page.outcome) ?? 0) + 1)
  }

  get perSecond(): string {
    return ((this.done * 1_000) / (performance.now() - this.#started)).toFixed(1)
  }

  /** How far it is, in one line. */
  progress(): string {
    return `${this.done}${this.total === undefined ? '' : ` of ${this.total}`} done, ${this.failed} failed, ${this.perSecond} a second`
  }

  /** The whole, and below it one line for each outcome, the most frequent first. */
  summary(): string {
    const elapsed = formatDuration(performance.now() - this.#started)
    const outcomes = [...this.#outcomes].sort(([, a], [, b]) => b - a)
    return [
      `${this.done} URLs in ${elapsed} (${this.perSecond} a second), ${formatBytes(this.#bytes)}, ${this.failed} failed`,
      ...outcomes.map(([outcome, count]) => `${String(count).padStart(6)} ${outcome}`),
    ].join('\n')
  }
}

function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const unit = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3))
  return `${unit === 0 ? bytes : (bytes / 1_000 ** unit).toFixed(1)} ${units[unit]}`
}
