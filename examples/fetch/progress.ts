/** How far the run is: a live bar on a terminal, a line a second elsewhere. Both on stderr. */
import { MultiBar, Presets } from 'cli-progress'
import { go, range, ticker } from 'millrace'
import type { Tally } from './tally.js'

export interface Progress {
  update(): void
  /** Prints a line of stdout, above the bar where they share a terminal. */
  print(line: string): void
  stop(): void
}

export function showProgress(tally: Tally): Progress {
  return process.stderr.isTTY ? bar(tally) : lines(tally)
}

function bar(tally: Tally): Progress {
  const known = tally.total !== undefined
  // A MultiBar with one bar: it is the one that can print above what it draws.
  const bars = new MultiBar({ format: known ? '{bar} {percentage}% | {text}' : '{text}', forceRedraw: true }, Presets.shades_classic)
  const bar = bars.create(tally.total ?? 0, 0, { text: tally.progress() })
  return {
    update: () => bar.update(tally.done, { text: tally.progress() }),
    print: (line) => (process.stdout.isTTY ? bars.log(line) : process.stdout.write(line)),
    stop: () => {
      if (!bars.isActive) return
      bars.update() // prints the lines it still holds
      bars.stop()
    },
  }
}

function lines(tally: Tally): Progress {
  const ticks = ticker(1_000)
  const printer = go(function* progressLines() {
    for (const it = range(ticks); yield* it.next();) process.stderr.write(`${tally.progress()}\n`)
  })
  return {
    update: () => {},
    print: (line) => process.stdout.write(line),
    stop: () => {
      ticks.stop()
      printer.cancel()
    },
  }
}
