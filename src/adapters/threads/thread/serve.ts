/** Whether this realm is a thread of a pool, and the start of its server. */
import { hostTime, hostTurn, shared } from '../../../runtime/internal.js'
import { nodeModule } from '../hosts/node-modules.js'
import { isWebThread } from '../hosts/web-host.js'
import type { Batch, FunctionName } from '../wire/batch.js'
import { bootOf } from './boot.js'
import { Claims } from '../wire/claims.js'
import { serveWeb } from './serve-web.js'
import { loadModule } from './load-module.js'
import { Server } from './server.js'

/** Starts the server of this thread, once for all copies of the package. */
export function serve(): void {
  if (isWebThread()) return serveWeb()
  const boot = bootOf()
  const port = nodeModule('node:worker_threads')?.parentPort
  if (boot === null || !port) return
  shared('millrace.threads.server.v1', () => {
    const post = (batch: Batch, moves: readonly Transferable[]): void =>
      port.postMessage(batch, moves as Parameters<typeof port.postMessage>[1]) // Node has types of its own for them
    const load = ({ url }: FunctionName): Promise<object> => loadModule(url)
    const isFull = (): boolean => boot.recycleAt !== null && memoryInUse() > boot.recycleAt * MB
    const server = new Server({ post, load, now: hostTime, atTurn: hostTurn, isFull }, new Claims(boot.words))
    port.on('message', (batch: Batch) => server.receive(batch))
    process.on('exit', () => server.flush()) // results that are ready are not lost with the exit
    return server
  })
}

const MB = 2 ** 20

/** The heap of this thread and the buffers beside it, in bytes, garbage included. */
function memoryInUse(): number {
  const heap = nodeModule('node:v8')?.getHeapStatistics()
  return heap === undefined ? 0 : heap.used_heap_size + heap.external_memory
}
