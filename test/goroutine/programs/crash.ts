/** Goroutines that fail and are never joined. */
import { go, gosched, onCrash } from 'millrace'

function* worker() {
  yield* gosched()
  throw new Error('out of order')
}

const goOn = (): unknown => go(() => console.log('the others went on'))
let crashes = 0

if (process.argv.includes('listen'))
  process.on('uncaughtException', (error: unknown) => {
    console.log('uncaught:', error instanceof Error ? error.message : error)
    if (++crashes === 2) goOn()
  })
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
if (!process.argv.includes('listen')) setTimeout(goOn, 100)
