/** Goroutines that fail and are never joined. */
import { go, gosched, onCrash } from 'millrace'

function* worker() {
  yield* gosched()
  throw new Error('out of order')
}

if (process.argv.includes('listen'))
  process.on('uncaughtException', (error: unknown) => console.log('uncaught:', error instanceof Error ? error.message : error))
if (process.argv.includes('hook'))
  onCrash((error) => {
    console.log('hook:', error instanceof Error ? error.message : error)
    throw new Error('bad hook')
  })

console.log('started')
go(worker)
go(function* () {
  yield* gosched()
  throw undefined
})
setTimeout(() => go(() => console.log('the others went on')), 100)
