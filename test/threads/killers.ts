/** The functions of the kill matrix: some end their thread, the others count how often they begin. */
import { never, type Context } from '../../src/runtime/index.js'
import { onThreads } from '../../src/adapters/threads/index.js'

const begin = (begun: Int32Array, id: number): void => void Atomics.add(begun, id, 1)

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
