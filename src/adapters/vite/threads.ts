/** The plugin of Vite and Rollup that makes files of the modules which threads evaluate. */
import type { Plugin } from 'vite'
import { checkFlag, checkRecord } from '../../runtime/internal.js'
import { callsOnThreads } from './calls-on-threads.js'

/** The options of `threads`. */
export interface ThreadsOptions {
  /**
   * Whether the development server and the preview send the headers by which a page shares memory with its threads. Such a page loads
   * nothing of another site that does not allow it by a header. Default false.
   */
  readonly isolated?: boolean
}

const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

/**
 * A plugin for Vite, and for Rollup, by which each module that calls `onThreads(import.meta, …)` becomes a file of its own in a build. The
 * page and its threads load that file. In development each module is a file anyway. Throws TypeError for an option that is none, or is
 * of another type.
 *
 * @example
 * ```ts
 * import { threads } from 'millrace/vite'
 *
 * export default { plugins: [threads({ isolated: true })] }
 * ```
 */
export function threads(options: ThreadsOptions = {}): Plugin {
  checkRecord('threads(options)', 'an object', options, ['isolated'])
  const { isolated = false } = options
  checkFlag('threads({ isolated })', isolated)
  let isBuild = true // Rollup asks no plugin for its configuration
  return {
    name: 'millrace:threads',
    config(_, { command }) {
      isBuild = command === 'build'
      return isolated ? { server: { headers }, preview: { headers } } : null
    },
    transform(code, id) {
      if (isBuild && code.includes('import.meta') && callsOnThreads(this.parse(code))) this.emitFile({ type: 'chunk', id })
      return null
    },
  }
}
