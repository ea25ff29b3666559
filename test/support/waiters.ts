/** The number of waiters of a channel, for tests of "leaves nothing behind". */
import type { Receiver, Sender } from 'millrace'
import type { Channel } from '../../src/runtime/channel/channel.js'
import type { WaitQueue } from '../../src/runtime/operation/waiter.js'

export function waitersOf(channel: Sender<never> | Receiver<unknown>): { senders: number; receivers: number } {
  const { senders, receivers } = channel as unknown as Channel<unknown> // made by `chan`, maybe of another copy of the package
  return { senders: lengthOf(senders), receivers: lengthOf(receivers) }
}

function lengthOf(queue: WaitQueue): number {
  let n = 0
  for (let one = queue.first; one !== null; one = one.next) n++
  return n
}

export const nobody = { senders: 0, receivers: 0 }
