/**
 * The subject of a single run. Always true: at the end of the run its sources end, and its readers see no more items, so that
 * an adapter that neither ends nor waits is a finding, and no program that runs on.
 */
import { pause } from './real-time.js'
import { TURN, type AdapterSubject } from './subject.js'

export interface AdapterRun extends AdapterSubject {
  /** The run is over. */
  end(): void
}

export function runOf(subject: AdapterSubject): AdapterRun {
  const sources: AdapterRun['sources'] = []
  const run = { isOver: false }
  const open: AdapterSubject['open'] = (source, ctx) => {
    const opened = subject.open(source, ctx)
    return { [Symbol.asyncIterator]: () => guarded(opened[Symbol.asyncIterator](), run) }
  }
  const end = (): void => {
    run.isOver = true
    for (const source of sources) source.stop()
  }
  return { ...subject, open, sources, end }
}

/** Reads let the host go on now and then, for the end of the run to come. */
function guarded(items: AsyncIterator<unknown>, run: { readonly isOver: boolean }): AsyncIterator<unknown> {
  let reads = 0
  return {
    async next() {
      if (++reads % TURN === 0) await pause()
      if (run.isOver) return { done: true, value: undefined }
      return items.next()
    },
    async return(value: unknown) {
      return (await items.return?.(value)) ?? { done: true, value }
    },
  }
}
