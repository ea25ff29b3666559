/** How far the run is: a live bar on a terminal, a line a second elsewhere. Both on stderr. */
import { Presets, SingleBar } from 'cli-progress'
import { go, range, ticker } from 'millrace'
import type { Tables } from './tables.js'

export class Progress {
  private _read = 0
  private readonly _started = performance.now()
  private readonly _bar: SingleBar | null
  private readonly _stop: () => void

  /** `total`: bytes on disk. */
  constructor(
    private readonly _total: number,
    private readonly _tables: Tables,
  ) {
    this._bar = process.stderr.isTTY ? new SingleBar({ format: '{bar} {percentage}% | {text}' }, Presets.shades_classic) : null
    this._bar?.start(_total, 0, { text: this._text() })
    const ticks = ticker(this._bar === null ? 1_000 : 100)
    const show = (): void => this._show()
    const shower = go(function* progress() {
      for (const it = range(ticks); yield* it.next();) show()
    })
    this._stop = () => {
      ticks.stop()
      shower.cancel()
      this._bar?.stop()
    }
  }

  readonly read = (bytes: number): void => {
    this._read += bytes
  }

  private _show(): void {
    if (this._bar === null) process.stderr.write(`${Math.floor((100 * this._read) / this._total)} % read, ${this._text()}\n`)
    else this._bar.update(this._read, { text: this._text() })
  }

  private _text(): string {
    const { entries } = this._tables
    const perSecond = Math.round((entries * 1_000) / (performance.now() - this._started))
    return `${entries} entries, ${perSecond} a second, ${rss()}`
  }

  end(cutShort: string | null): void {
    if (cutShort === null) this._bar?.update(this._total, { text: this._text() })
    this._stop()
    const seconds = ((performance.now() - this._started) / 1_000).toFixed(1)
    const { entries, malformed } = this._tables
    const peak = `peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`
    if (cutShort !== null) process.stderr.write(`cut short: ${cutShort}\n`)
    process.stderr.write(`${entries} entries in ${seconds} s, ${malformed} malformed lines, ${peak}\n`)
  }
}

function rss(): string {
  return `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MB`
}
