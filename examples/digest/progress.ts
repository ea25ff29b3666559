/** How far the run is: a bar on a terminal, a line a second elsewhere. Both on stderr. */
import { Presets, SingleBar } from 'cli-progress'
import { sometimes } from 'millrace'
import { mega, type Summary } from './summary.js'

export class Progress implements Disposable {
  private readonly _bar: SingleBar | null
  private readonly _print = sometimes({ interval: 1_000 })
  private readonly _started = performance.now()

  /** `total`: files. */
  constructor(
    private readonly _total: number,
    private readonly _summary: Summary,
  ) {
    const format = '{bar} {value} of {total} files | {text}'
    this._bar = process.stderr.isTTY ? new SingleBar({ format }, Presets.shades_classic) : null
    this._bar?.start(_total, 0, { text: '' })
  }

  show(): void {
    const { total, unread } = this._summary
    const done = total.files + unread.length
    const seconds = (performance.now() - this._started) / 1_000
    const text = `${mega(total.bytes)} MB, ${mega(total.bytes / seconds)} MB a second`
    if (this._bar !== null) this._bar.update(done, { text })
    else this._print.do(() => void process.stderr.write(`${done} of ${this._total} files, ${text}\n`))
  }

  [Symbol.dispose](): void {
    this._bar?.stop()
  }
}
