/** Two goroutines wait for each other's lock; a timer keeps the process alive. Prints when it is ready for a dump. */
import { go, gosched, mutex, type Mutex } from '../../../src/runtime/index.js'
import { dumpOnSignal } from '../../../src/adapters/node/index.js'

const stop = dumpOnSignal({ signal: 'SIGUSR2', json: process.argv[2] === 'json' })
const [a, b] = [mutex(), mutex()]
go(both, a, b)
go(both, b, a)
setTimeout(() => process.stdout.write('ready\n'), 50)
const timer = setInterval(() => {}, 1000)
process.on('SIGTERM', () => {
  stop()
  clearInterval(timer)
})

function* both(first: Mutex, second: Mutex): Generator<never, void> {
  yield* first.lock()
  yield* gosched()
  yield* second.lock()
}
