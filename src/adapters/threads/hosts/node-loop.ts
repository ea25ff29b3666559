/**
 * The event loop of Node, on both sides. Node emits `beforeExit` when the loop has no work left, in a thread as in the process; work
 * that a listener adds is done, and the next time that the loop is empty Node emits again.
 *
 * Bun and Deno do not tell what a thread does without a message, so there nothing is watched.
 */
import type { MessagePort } from 'node:worker_threads'
import { setHostTimer } from '../../../runtime/internal.js'
import type { ThreadLoop } from '../stillness/watch.js'
import { nodeModule } from './node-modules.js'

function isNode(): boolean {
  return !('Bun' in globalThis) && !('Deno' in globalThis)
}

/** Null on other hosts. */
export const onEmptyLoop: ((f: () => void) => () => void) | null = isNode() ? onEmpty : null

function onEmpty(f: () => void): () => void {
  process.on('beforeExit', f)
  return () => void process.off('beforeExit', f)
}

/** The loop of this thread, whose messages come through this port; null on other hosts. */
export function threadLoop(port: MessagePort): ThreadLoop | null {
  const hooks = isNode() ? nodeModule('node:async_hooks') : null
  if (hooks === null) return null
  return {
    whenEmpty(f) {
      port.unref() // else the port is work
      const stop = onEmpty(() => {
        off()
        f()
      })
      const off = (): void => {
        stop()
        port.ref()
      }
      return off
    },
    onAct(f) {
      // Timers, events and the reactions of promises, which is how a word of shared memory wakes a thread. A thread that is still has none
      // of them, so the hook costs nothing.
      const hook = hooks.createHook({ before: () => void (hooks.executionAsyncResource() !== port && f()) })
      hook.enable()
      return () => void hook.disable()
    },
    timer: (ms, f) => void setHostTimer(f, ms, false),
  }
}
