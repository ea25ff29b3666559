export { main, type MainOptions } from './main.js'
export { SignalError } from './signals.js'
export { keepAsyncContext } from './keep-async-context.js'
export { dumpOnSignal, type DumpOptions } from './dump-on-signal.js'
