/** Goroutines that fail: one late, one as a crash; and of a group, a scope and a job. */
import { background, errgroup, go, scope, sleep, traceStarts } from 'millrace'
import { dumpOnSignal } from 'millrace/node'

const [how] = process.argv.slice(2)
if (how === 'traceStarts') traceStarts()
if (how === 'dumpOnSignal') dumpOnSignal()

function startLate(): void {
  const late = go(async function late() {
    await sleep(1)
    throw new Error('too late')
  })
  go(function* canceler() {
    late.cancel()
  })
}
function startInScope(): void {
  go(scope(background, (s) => void s.go(async function inScope(ctx) {
    await ctx.done()
    throw new Error('in a scope')
  }))) // prettier-ignore
}
function startInGroup(): void {
  const group = errgroup(background)
  for (const message of ['first', 'second'])
    group.go(async function inGroup() {
      throw new Error(message)
    })
}
function startCrash(): void {
  go(function* crashing() {
    yield* sleep(20)
    throw new Error('crashed')
  })
}
startLate()
startInScope()
startInGroup()
startCrash()
