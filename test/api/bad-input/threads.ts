/** The places of `millrace/threads`; no thread starts, since no job is performed. */
import {
  atomicInt32,
  atomicInt64,
  atomicUint32,
  atomicUint64,
  atomicValue,
  moved,
  numbers,
  onThreads,
  shared,
  thread,
  threadPool,
  threadsOf,
} from 'millrace/threads'
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
  'numbers(capacity)': ['count', (capacity) => void numbers(capacity)],
  'moved(value)': ['object', (value) => void moved(value)],
  'thread(remote)': ['object', (remote) => void thread(remote)],
  'thread(args)': ['anything', (value) => void thread(f, value).cancel()],
  'threadsOf(url)': ['object', (url) => void threadsOf(url)],
  ...optionsOf('threadsOf', 'options', 'options?', { on: 'object?' }, (options) => void threadsOf('file:///bad-input.js', options)),
  'ThreadPool.ready(functions)': ['object', (remote) => void threadPool().ready(remote)],
  'atomicInt32(value)': ['whole?', (value) => void atomicInt32(value)],
  'atomicUint32(value)': ['whole?', (value) => void atomicUint32(value)],
  'atomicInt64(value)': ['object?', (value) => void atomicInt64(value)],
  'atomicUint64(value)': ['object?', (value) => void atomicUint64(value)],
  'AtomicInteger.store(value)': ['whole', (value) => atomicInt32().store(value)],
  'AtomicInteger.add(delta)': ['whole', (delta) => void atomicInt32().add(delta)],
  'AtomicInteger.swap(value)': ['whole', (value) => void shared.atomicUint32().swap(value)],
  'AtomicInteger.compareAndSwap(old)': ['whole', (old) => void atomicInt32().compareAndSwap(old, 1)],
  'AtomicInteger.compareAndSwap(value)': ['whole', (value) => void atomicInt32().compareAndSwap(1, value)],
  'AtomicInteger.and(mask)': ['object', (mask) => void atomicInt64().and(mask)],
  'AtomicInteger.or(mask)': ['object', (mask) => void shared.atomicUint64().or(mask)],
  'atomicValue(value)': ['anything', (value) => void atomicValue(value)],
  'AtomicValue.store(value)': ['json', (value) => shared.atomicValue<unknown>(0).store(value)],
  'AtomicValue.swap(value)': ['json', (value) => void shared.atomicValue<unknown>(0).swap(value)],
  'AtomicValue.compareAndSwap(old)': ['json', (old) => void shared.atomicValue<unknown>(0).compareAndSwap(old, 1)],
  'AtomicValue.compareAndSwap(value)': ['json', (value) => void shared.atomicValue<unknown>(0).compareAndSwap(0, value)],
  'shared.atomicInt32(value)': ['whole?', (value) => void shared.atomicInt32(value)],
  'shared.atomicUint32(value)': ['whole?', (value) => void shared.atomicUint32(value)],
  'shared.atomicInt64(value)': ['object?', (value) => void shared.atomicInt64(value)],
  'shared.atomicUint64(value)': ['object?', (value) => void shared.atomicUint64(value)],
  'shared.atomicValue(value)': ['json', (value) => void shared.atomicValue(value)],
  ...optionsOf('shared.atomicValue', 'options', 'options?', { bytes: 'count?' }, (options) => void shared.atomicValue(0, options)),
  'shared.semaphore(n)': ['count', (n) => void shared.semaphore(n)],
  'SharedWaitGroup.add(n)': [
    'whole',
    (n) => {
      const group = shared.waitGroup()
      group.add(1)
      group.add(n)
    },
  ],
}
