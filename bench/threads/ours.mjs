/** The functions of Millrace, on threads. */
import { range } from '../../dist/index.js'
import { moved, onThreads } from '../../dist/threads.js'
import * as functions from './functions.mjs'

export const { tiny, empty, spin, gap, passes, sends, sendsNumbers, takes } = onThreads(import.meta, {
  tiny: functions.tiny,
  empty: functions.empty,
  spin: functions.spin,
  gap: functions.gap,
  /** Moves a buffer back. */
  passes: (buffer) => moved(buffer),
  *sends(to, n) {
    for (let i = 0; i < n; i++) yield* to.send({ id: i, name: 'item', done: false })
    to.close()
  },
  *sendsNumbers(to, n) {
    for (let i = 0; i < n; i++) yield* to.send(i)
    to.close()
  },
  *takes(from) {
    let n = 0
    for (const it = range(from); yield* it.next();) n++
    return n
  },
})
