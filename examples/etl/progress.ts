/** How far the run is: a bar on a terminal, lines elsewhere. Both on stderr. */
import { Presets, SingleBar } from 'cli-progress'
import { sometimes } from 'millrace'
import type { Store } from './store.js'

export class Bar implements Disposable {
  private readonly _bar: SingleBar | null
  private readonly _print = sometimes({ interval: 1_000 })

  /** `total`: rows of the file, where that is known. */
  constructor(
    private readonly _store: Store,
    private readonly _total: number | undefined,
  ) {
    const known = _total === undefined ? '{value} rows' : '{bar} {percentage}% | {value} of {total} rows | {left}'
    this._bar = process.stderr.isTTY ? new SingleBar({ format: known }, Presets.shades_classic) : null
    this._bar?.start(_total ?? 0, _store.checkpoint, { left: '' })
  }

  readonly show = (left: number | null): void => {
    const text = left === null ? '' : `${Math.ceil(left / 1_000)} s left`
    const { checkpoint } = this._store
    if (this._bar !== null) this._bar.update(checkpoint, { left: text })
    else this._print.do(() => void process.stderr.write(`${checkpoint} of ${this._total ?? '?'} rows, ${text}\n`))
  };

  [Symbol.dispose](): void {
    this._bar?.stop()
  }
}
