/** The public surface of `millrace/threads`. */
export { inline } from './inline.js'
export { onThreads, type OnThreadsOptions } from './on-threads.js'
export type { Remote, RemoteParameters, RemoteResult } from './remote.js'
export type { AnyRemote } from './remote-names.js'
export { threadPool, type ThreadPool, type ThreadPoolOptions, type ThreadPoolStats } from './thread-pool.js'
export { ThreadLostError, UnclonableError } from './wire/errors.js'
