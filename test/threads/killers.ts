/** The functions of the kill matrix: some end their thread, the others count how often they begin. */
import { never, sleep, type Context, type Receiver, type Sender } from '../../src/runtime/index.js'
import { onThreads } from '../../src/adapters/threads/index.js'

const begin = (begun: Int32Array, id: number): void => void Atomics.add(begun, id, 1)

/** Takes n values and counts each. */
function* taking(values: Receiver<number>, seen: Int32Array, n: number) {
  for (let i = 0; i < n; i++) {
    const message = yield* values.receive()
    if (message._tag === 'Some') Atomics.add(seen, message.value, 1)
  }
}

export const killers = (meta: { readonly url: string }) =>
  onThreads(meta, {
    counts(begun: Int32Array, id: number) {
      begin(begun, id)
      return id
    },
    *waits(begun: Int32Array, id: number) {
      begin(begun, id)
      yield* never()
    },
    exits(begun: Int32Array, id: number) {
      begin(begun, id)
      process.exit(3)
    },
    runsOut(begun: Int32Array, id: number) {
      begin(begun, id)
      const all: number[][] = []
      for (;;) all.push(new Array<number>(10_000).fill(all.length))
    },
    loops(begun: Int32Array, id: number, _ctx: Context) {
      begin(begun, id)
      for (;;);
    },
    *takesAndExits(values: Receiver<number>, seen: Int32Array, n: number) {
      yield* taking(values, seen, n)
      process.exit(3)
    },
    *takesAndLoops(values: Receiver<number>, seen: Int32Array, n: number, word: Int32Array, _ctx: Context) {
      yield* taking(values, seen, n)
      Atomics.store(word, 0, 1)
      for (;;);
    },
    *takesAndThrowsLater(values: Receiver<number>, seen: Int32Array, n: number) {
      yield* taking(values, seen, n)
      setTimeout(() => {
        throw new Error('from a timer')
      }, 0)
      yield* never()
    },
    *takesTheRest(values: Receiver<number>, seen: Int32Array) {
      const order: number[] = []
      for (let message = yield* values.receive(); message._tag === 'Some'; message = yield* values.receive()) {
        Atomics.add(seen, message.value, 1)
        order.push(message.value)
      }
      return order
    },
    *sendsAndExits(values: Sender<number>, n: number, word: Int32Array) {
      for (let i = 0; i < n; i++) yield* values.send(i)
      while (Atomics.load(word, 0) === 0) yield* sleep(1)
      process.exit(3)
    },
    unclonable(begun: Int32Array, id: number): unknown {
      begin(begun, id)
      return { value: () => 1 }
    },
    throwsLater(begun: Int32Array, id: number) {
      begin(begun, id)
      setTimeout(() => {
        throw new Error('from a timer')
      }, 0)
      return id
    },
  })

killers(import.meta)
