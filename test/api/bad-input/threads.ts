/** The places of `millrace/threads`; no thread starts, since no job is performed. */
import { onThreads, threadPool } from 'millrace/threads'
import { optionsOf, type Table } from './kinds.js'

const { f } = onThreads({ url: 'file:///bad-input.js' }, { f: (n: unknown) => n })
const times = { size: 'count?', grace: 'ms?', idle: 'ms?', startTimeout: 'ms?' } as const

export const threads: Table = {
  'onThreads(meta)': ['object', (meta) => void onThreads(meta, {})],
  'onThreads(functions)': ['record', (functions) => void onThreads({ url: 'file:///bad-input.js' }, functions)],
  ...optionsOf(
    'onThreads',
    'options',
    'options?',
    { on: 'object?' },
    (options) => void onThreads({ url: 'file:///bad-input.js' }, {}, options),
  ),
  'Remote.on(pool)': ['object', (pool) => void f.on(pool)],
  'remote(args)': ['anything', (value) => void f(value)],
  ...optionsOf('threadPool', 'options', 'options?', times, (options) => void threadPool(options)),
  'ThreadPool.ready(functions)': ['object', (remote) => void threadPool().ready(remote)],
}
