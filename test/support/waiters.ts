/** Who waits at a channel: what a test of "leaves nothing behind" has to look at. */
import type { Receiver, Sender } from 'millrace'
import { Channel } from '../../src/runtime/channel.js'
import type { WaitQueue } from '../../src/runtime/waiter.js'

export function waitersOf(channel: Sender<never> | Receiver<unknown>): { senders: number; receivers: number } {
  if (!(channel instanceof Channel)) throw new TypeError('not a channel of ours')
  return { senders: lengthOf(channel.senders), receivers: lengthOf(channel.receivers) }
}

function lengthOf(queue: WaitQueue): number {
  let n = 0
  for (let one = queue.first; one !== null; one = one.next) n++
  return n
}

export const nobody = { senders: 0, receivers: 0 }
