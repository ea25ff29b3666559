/** Channels with one fault each, and the smallest program that shows it. */
import type { Chan } from 'millrace'
import { Channel } from '../../src/runtime/internal.js'
import type { WaitQueue } from '../../src/runtime/operation/waiter.js'
import type { Ring } from '../../src/runtime/base/ring.js'

export interface Broken {
  readonly fault: string
  readonly make: (capacity: number) => Chan<number>
  /** The steps of the smallest programs, goroutine by goroutine; of twenty seeds, so many lead to one of them, in so many runs at most. */
  readonly smallest: readonly string[]
  readonly times: number
  readonly runs: number
}

/** A channel of ours, whose parts can be got at. */
class Open extends Channel<number> {
  constructor(capacity: number) {
    super(capacity, null)
  }
  get parts(): { readonly _buffer: Ring<number>; readonly _receivers: WaitQueue } {
    return this as never
  }
}

/** The same with another `trySend`. */
function trySending(capacity: number, send: (ch: Open, value: number, trySend: (value: number) => boolean) => boolean): Open {
  const ch = new Open(capacity)
  const { trySend } = ch
  return Object.assign(ch, { trySend: (value: number) => send(ch, value, trySend) })
}

/** The same without a fault. */
export const whole = (capacity: number): Chan<number> => new Open(capacity)

export const broken: readonly Broken[] = [
  { fault: 'it holds one too many', smallest: ['a.send(1)'], times: 20, runs: 50, make: (capacity) => new Open(capacity + 1) },
  {
    fault: 'a close loses what is held',
    smallest: ['a.send(1); a.close(); a.receive()'],
    times: 15,
    runs: 150,
    make: (capacity) =>
      new (class extends Open {
        override close(): void {
          while (this.parts._buffer.size > 0) this.parts._buffer.shift()
          super.close()
        }
      })(capacity),
  },
  {
    fault: 'trySend comes before what is held',
    smallest: ['a.send(1); a.trySend(2); a.receive()'],
    times: 15,
    runs: 1000,
    make: (capacity) =>
      trySending(capacity, (ch, value, trySend) => {
        if (ch.isClosed || ch.size === 0 || ch.size === ch.capacity) return trySend(value)
        ch.parts._buffer.unshift(value)
        return true
      }),
  },
  {
    fault: 'trySend sends twice where there is room',
    smallest: ['a.trySend(1); a.send(2)', 'a.trySend(1); a.receive(); a.receive()', 'a.trySend(1); range(a)'],
    times: 15,
    runs: 150,
    make: (capacity) => trySending(capacity, (_ch, value, trySend) => trySend(value) && (trySend(value), true)),
  },
  {
    fault: 'tryReceive takes empty for closed',
    smallest: ['a.tryReceive()'],
    times: 20,
    runs: 50,
    make: (capacity) =>
      new (class extends Open {
        override tryReceive(): ReturnType<Channel<number>['tryReceive']> {
          const it = super.tryReceive()
          return it._tag === 'Left' ? { ...it, left: 'closed' } : it
        }
      })(capacity),
  },
  {
    fault: 'a close forgets those who wait for a value',
    smallest: ['a.receive() | a.close()', 'a.close() | a.receive()'],
    times: 15,
    runs: 150,
    make: (capacity) =>
      new (class extends Open {
        override close(): void {
          const { _receivers: receivers } = this.parts
          for (let first = receivers.first; first !== null; first = receivers.first) receivers.remove(first)
          super.close()
        }
      })(capacity),
  },
  {
    fault: 'trySend on a closed channel goes unnoticed',
    smallest: ['a.close(); a.trySend(1)'],
    times: 15,
    runs: 150,
    make: (capacity) => trySending(capacity, (ch, value, trySend) => ch.isClosed || trySend(value)),
  },
  {
    fault: 'a second close goes unnoticed',
    smallest: ['a.close(); a.close()'],
    times: 20,
    runs: 150,
    make: (capacity) =>
      new (class extends Open {
        override close(): void {
          if (!this.isClosed) super.close()
        }
      })(capacity),
  },
]
