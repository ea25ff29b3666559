/** Functions of threads that use `millrace/node`. */
import { sleep } from '../../src/runtime/index.js'
import { main } from '../../src/adapters/node/index.js'
import { onThreads } from '../../src/adapters/threads/index.js'

export const work = onThreads(import.meta, {
  /** Whether `main` runs its program here. */
  *mains() {
    let runs = 0
    for (let i = 0; i < 2; i++) main(() => void runs++)
    yield* sleep(1)
    return runs
  },
})
