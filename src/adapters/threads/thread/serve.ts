/** Whether this realm is a thread of a pool, and the start of its server. */
import {
  dumpOf,
  dumpText,
  GoroutineTable,
  hostTime,
  hostTurn,
  joinProbe,
  oncePerDrain,
  shared,
  Tracker,
} from '../../../runtime/internal.js'
import { threadLoop } from '../hosts/node-loop.js'
import { nodeModule } from '../hosts/node-modules.js'
import { isWebThread } from '../hosts/web-host.js'
import { Watch } from '../stillness/watch.js'
import type { Batch, Boot, FunctionName } from '../wire/batch.js'
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
    const dumpOfAll = dumpsOf(boot)
    const loop = threadLoop(port)
    const watch =
      loop &&
      new Watch(loop, {
        isWaiting: () => server.isWaiting,
        isTimed: () => server.isTimed,
        dump: () => dumpOfAll(server),
        post: (batch) => port.postMessage(batch),
      })
    const post = (batch: Batch, moves: readonly Transferable[]): void => {
      port.postMessage(batch, moves as Parameters<typeof port.postMessage>[1]) // Node has types of its own for them
      watch?.acted()
    }
    const load = ({ url }: FunctionName): Promise<object> => loadModule(url)
    const isFull = (): boolean => boot.recycleAt !== null && memoryInUse() > boot.recycleAt * MB
    const server = new Server({ post, load, now: hostTime, atTurn: hostTurn, isFull }, new Claims(boot.words))
    port.on('message', (batch: Batch) => {
      if (watch?.received(batch) !== true) server.receive(batch)
    })
    process.on('exit', () => server.flush()) // results that are ready are not lost with the exit
    return server
  })
}

/** Keeps the goroutines that the report of a deadlock will name; returns a function that returns their text, and that of the jobs. */
function dumpsOf({ traces }: Boot): (server: Server) => string {
  if (traces === 'nothing') return (server) => server.linesOf(true).join('\n')
  const table = traces === 'places' ? new Tracker(hostTime, true) : new GoroutineTable(hostTime, oncePerDrain(hostTime))
  joinProbe(table)
  return (server) => [dumpText(dumpOf(table)), ...server.linesOf(false)].filter((text) => text !== '').join('\n')
}

const MB = 2 ** 20

/** The heap of this thread and the buffers beside it, in bytes, garbage included. */
function memoryInUse(): number {
  const heap = nodeModule('node:v8')?.getHeapStatistics()
  return heap === undefined ? 0 : heap.used_heap_size + heap.external_memory
}
