/** Goroutines that outlive their run: an async function goes on by promises, and may wake others. */
import { queue, type Spawned } from '../../runtime/internal.js'

/** From now on their end does not count: the goroutines alive are those of the next run, or those outside. */
export function leaveAlone(goroutines: readonly Spawned[]): void {
  for (const one of goroutines) if (!one.hasEnded) leaveOut(one)
}

function leaveOut(stray: Spawned): void {
  const { owner } = stray
  stray.owner = {
    ended(...end) {
      queue.live++ // the end has counted it
      return owner?.ended(...end) ?? false
    },
  }
}
