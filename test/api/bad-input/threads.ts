/** The places of `millrace/threads`; no thread starts, since no job is performed. */
import { moved, onThreads, thread, threadPool, threadsOf } from 'millrace/threads'
import { optionsOf, type Table } from './kinds.js'

const { f } = onThreads({ url: 'file:///bad-input.js' }, { f: (n: unknown) => n })
const times = { size: 'count?', grace: 'ms?', idle: 'ms?', startTimeout: 'ms?', memory: 'count?', recycle: 'options?' } as const

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
  'moved(value)': ['object', (value) => void moved(value)],
  'thread(remote)': ['object', (remote) => void thread(remote)],
  'thread(args)': ['anything', (value) => void thread(f, value).cancel()],
  'threadsOf(url)': ['object', (url) => void threadsOf(url)],
  ...optionsOf('threadsOf', 'options', 'options?', { on: 'object?' }, (options) => void threadsOf('file:///bad-input.js', options)),
  'ThreadPool.ready(functions)': ['object', (remote) => void threadPool().ready(remote)],
}
