/** What becomes of the locks, permits and grants of a lost thread. */
import type { HandleSpec } from './handle.js'
import { lostIn, VALUE, waitsOf } from './waits.js'
import { NumberRing } from '../numbers/ring.js'

/**
 * A call was lost with its thread. A mutex that it held is lost, since what the lock guards may be half changed; its permits are
 * given back; a wait group that is not at zero is lost, since its count may include the call.
 */
export function abandon({ kind, memory, part }: HandleSpec): void {
  if (part === null) return
  if (kind === 'numbers') return new NumberRing(memory, null).abandon(part, lostIn('numbers'))
  const waits = waitsOf(memory, kind)
  const { words } = waits
  if (kind === 'mutex') {
    if (Atomics.load(words, VALUE) === part[0]) waits.lose()
  } else if (kind === 'waitGroup') {
    if (Atomics.load(words, VALUE) > 0) waits.lose()
  } else {
    giveBack(words, Atomics.exchange(part, 1, 0))
    waits.wake()
    waits.changed()
  }
}

/** Another side may have released permits of this one. */
function giveBack(words: Int32Array, permits: number): void {
  for (let held = Atomics.load(words, VALUE); ; held = Atomics.load(words, VALUE))
    if (Atomics.compareExchange(words, VALUE, held, Math.max(0, held - permits)) === held) return
}
