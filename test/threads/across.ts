/** A channel between two sides, as the laws of channels take it. */
import type { Chan, Receiver, Sender } from '../../src/runtime/index.js'

/** Sent to one side and received from the other. */
export function across(to: Sender<number>, from: Receiver<number>, capacity = to.capacity, size = () => from.size): Chan<number> {
  const both: Chan<number> & { subscribe: undefined } = {
    send: to.send,
    trySend: to.trySend,
    close: (cause) => to.close(cause),
    get isClosed() {
      return to.isClosed
    },
    receive: () => from.receive(),
    tryReceive: () => from.tryReceive(),
    closed: () => from.closed(),
    get size() {
      return size()
    },
    capacity,
    [Symbol.asyncIterator]: () => from[Symbol.asyncIterator](),
    subscribe: undefined,
  }
  return both
}
