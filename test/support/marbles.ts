/**
 * Marbles in virtual time: a frame is a millisecond. The notation is RxJS's: `-` a frame, `|` the end, `#` an error, `(ab)` in one frame (which
 * takes as many frames as it has characters), a blank is nothing. What is awaited and what was seen are compared as lists of [frame, what].
 */
import { Observable } from 'rxjs'
import { queue } from '../../src/runtime/run-queue.js'
import { time } from '../../src/runtime/timers.js'
import type { VirtualTime } from './virtual-time.js'

export type Event = readonly [frame: number, what: string]

export function parse(marbles: string): Event[] {
  const events: Event[] = []
  let frame = 0
  let group = -1
  for (const char of marbles.replaceAll(' ', '')) {
    if (char === '(') group = frame
    else if (char === ')') group = -1
    else if (char !== '-') events.push([group === -1 ? frame : group, char])
    frame++
  }
  return events
}

export interface Cold extends Observable<string> {
  /** Each as `^--!`: when it began and when it was over; without an end while it goes on. */
  readonly subscriptions: string[]
}

export class Marbles {
  private readonly _start = time.timers.now()

  constructor(private readonly clock: VirtualTime) {}

  get frame(): number {
    return time.timers.now() - this._start
  }

  /** Begins when it is subscribed to. */
  cold(marbles: string): Cold {
    const subscriptions: string[] = []
    const observable = new Observable<string>((subscriber) => {
      const begun = this.frame
      const i = subscriptions.push('-'.repeat(begun) + '^') - 1
      const entries = parse(marbles).map(([frame, what]) =>
        time.timers.add(time.timers.now() + frame, () =>
          queue.push({
            run() {
              if (what === '|') subscriber.complete()
              else if (what === '#') subscriber.error('#')
              else subscriber.next(what)
            },
          }),
        ),
      )
      return () => {
        for (const entry of entries) time.timers.remove(entry)
        const length = this.frame - begun
        subscriptions[i] = length === 0 ? `${'-'.repeat(begun)}(^!)` : `${'-'.repeat(begun)}^${'-'.repeat(length - 1)}!`
      }
    })
    return Object.assign(observable, { subscriptions })
  }

  /** Subscribes, and lets so many frames pass; leaves then, or at the frame that says. */
  async play(observable: Observable<unknown>, frames = 100, leaveAt = frames): Promise<Event[]> {
    const events: Event[] = []
    const see = (what: string) => void events.push([this.frame, what])
    const subscription = observable.subscribe({
      next: (value) => see(Array.isArray(value) ? value.join('') : String(value)),
      error: (cause) => see(cause === '#' ? '#' : `# ${String(cause)}`),
      complete: () => see('|'),
    })
    await this.clock.advance(leaveAt)
    subscription.unsubscribe()
    await this.clock.advance(frames - leaveAt)
    return events
  }
}
