/** The module that each thread evaluates. */
import type { Context } from 'millrace'
import { onThreads } from 'millrace/threads'
import { digest } from './digest.js'

export const { digestFile } = onThreads(import.meta, {
  digestFile: (path: string, ctx: Context) =>
    digest(path, () => {
      const end = ctx.err() // sees a cancel also where the thread reads no messages
      if (end._tag === 'Some') throw end.value
    }),
})
