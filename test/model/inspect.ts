/**
 * What is always true, looked up in the real queues after every command. These are the claims of channel.ts and waiter.ts:
 *
 * - Receivers wait only while nothing is buffered and no sender waits; senders wait only while the buffer is full; never both, unless all
 *   of them are cases of one select. Once closed, no one waits.
 * - A performance that has no outcome is parked in every queue it named, in the order of arrival; one that has is in none.
 * - The queues read the same from both ends, and no Case serves two selects.
 */
import type { ChannelPair } from './build.js'
import type { Doing } from './doing.js'
import { leavesOf, type Spot } from './naive.js'
import { read, same, top, trailOf, waitersOf, type Queue } from './queues.js'
import type { World } from './world.js'

export function inspect(world: World): void {
  if (world.faults.length > 0) throw new Error(world.faults.join('; '))
  const look = new Look(world)
  for (const pair of world.channels) look.atChannel(pair)
  for (const context of world.contexts) look.atQueue(waitersOf(context), context.naive.receivers)
  look.atPerformances()
}

class Look {
  private readonly owners = new Map<unknown, Doing>()
  private readonly seen = new Set<unknown>()
  private readonly places = new Map<Doing, number>()

  constructor(private readonly world: World) {
    for (const doing of world.open) if (doing.waiter !== null) this.owners.set(doing.waiter, doing)
  }

  atChannel({ real, naive }: ChannelPair): void {
    const receivers = this.atQueue(real.receivers, naive.receivers)
    const senders = this.atQueue(real.senders, naive.senders)
    same('size', real.size, naive.buffer.length)
    same('closed', real.isClosed, naive.closed !== null)
    if (real.isClosed) same('waiters of a closed channel', receivers.length + senders.length, 0)
    if (receivers.length > 0) same('values buffered while receivers wait', real.size, 0)
    if (senders.length > 0 && real.size < real.capacity) throw new Error('senders wait while there is room')
    if (receivers.length > 0 && senders.length > 0) same('selects in both queues', new Set([...receivers, ...senders]).size, 1)
  }

  /** Who waits in a queue, which must be those that wait in the naive one. */
  atQueue(queue: Queue, expected: readonly Spot[]): Doing[] {
    const waiting = read(queue)
    same('waiters', waiting.length, expected.length)
    return waiting.map((one, i) => {
      if (this.seen.has(one)) throw new Error('a waiter is in two places')
      this.seen.add(one)
      const doing = this.ownerOf(top(one))
      const { who, leaf } = expected[i]
      same('waiter by order of arrival', doing.naive, who)
      same('case of a select by order of arrival', trailOf(one), leaf.trail)
      if (leaf.does === 'send') same('value it waits with', one.raw, leaf.value)
      this.places.set(doing, (this.places.get(doing) ?? 0) + 1)
      return doing
    })
  }

  private ownerOf(waiter: unknown): Doing {
    const known = this.owners.get(waiter)
    if (known !== undefined) return known
    const newcomer = this.world.open.find(
      ({ by, waiter, waits, built }) => by === 'await' && waiter === null && waits && leavesOf(built.node).length > 0,
    )
    if (newcomer === undefined) throw new Error('a stranger is in the queue')
    newcomer.waiter = waiter
    this.owners.set(waiter, newcomer)
    return newcomer
  }

  atPerformances(): void {
    for (const doing of this.world.open) {
      const { outcome, waits, built, by, naive } = doing
      if (outcome !== null) same(`outcome of ${by}`, outcome, naive.outcome)
      same(`places of ${by}`, this.places.get(doing) ?? 0, waits ? leavesOf(built.node).length : 0)
    }
  }
}
