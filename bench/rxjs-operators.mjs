// Every operator of RxJS over a source of Millrace against the same operator over a source of RxJS: the same items, each in a turn of the host
// of its own, as a timed input has them. In turns in one process, processor time, the median of the rounds. The first ratio is of the whole; the second
// has the time of the bare source exchanged, so it is of the operator. Inner sources are of RxJS, or with INNER=millrace of Millrace.
// Names the operators whose second ratio is above 1.20.
//   taskset -c 0 npx tsx --tsconfig tsconfig.build.json bench/rxjs-operators.mjs [NAME…]
import { chan } from 'millrace'
import { fromReceiver, onUnpaced } from 'millrace/operators'
import { Observable } from 'rxjs'
import { operators } from '../test/pipelines/rxjs-operators.ts'

const ITEMS = 1000
const ROUNDS = 11
const WARM = 3
const LIMIT = 1.2
const { INNER } = process.env

/** Calls `next` with an item in each turn of the host, and then `end`. Returns the function that stops it. */
function feed(values, next, end) {
  let i = 0
  let isOver = false
  const turn = () => {
    if (isOver) return
    if (i === values.length) return end()
    next(values[i++])
    setImmediate(turn)
  }
  setImmediate(turn)
  return () => (isOver = true)
}

const sides = {
  rxjs: (values) =>
    new Observable((subscriber) =>
      feed(
        values,
        (item) => subscriber.next(item),
        () => subscriber.complete(),
      ),
    ),
  millrace: (values) =>
    new Observable((subscriber) => {
      const items = chan(2)
      subscriber.add(feed(values, items.trySend, () => items.close()))
      return fromReceiver(items).subscribe(subscriber)
    }),
}

const main = Array.from({ length: ITEMS }, (_, i) => i)
const all = { ...operators, 'no operator': (source) => source }

/** Processor time in ms of one subscription. */
async function timed(name, side) {
  const make = ({ items }) => sides[INNER === 'millrace' ? side : 'rxjs'](items.map(([, value]) => value))
  const before = process.cpuUsage()
  await new Promise((resolve) => all[name](sides[side](main), make).subscribe({ error: resolve, complete: resolve }))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1]

async function measure(name) {
  const times = { rxjs: [], millrace: [] }
  for (let i = -WARM; i < ROUNDS; i++)
    for (const side of i % 2 === 0 ? ['rxjs', 'millrace'] : ['millrace', 'rxjs']) {
      const ms = await timed(name, side)
      if (i >= 0) times[side].push(ms)
    }
  return { name, theirs: median(times.rxjs), ours: median(times.millrace) }
}

onUnpaced(() => {})
await measure('no operator') // warms up
const bare = await measure('no operator')
const rows = []
for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(operators)) {
  const { theirs, ours } = await measure(name)
  const isShort = theirs < bare.theirs / 2 // it leaves early: its source is not all there
  const row = { name, whole: ours / theirs, own: isShort ? ours / theirs : (ours - bare.ours + bare.theirs) / theirs }
  rows.push(row)
  console.log(
    `${name.padEnd(26)}${theirs.toFixed(2).padStart(9)} ms with RxJS   whole ${row.whole.toFixed(2)}   operator ${row.own.toFixed(2)}`,
  )
}
const above = rows.filter(({ own }) => own > LIMIT).sort((a, b) => b.own - a.own)
console.log(`\na bare source: ${bare.theirs.toFixed(2)} ms with RxJS, ${bare.ours.toFixed(2)} ms with Millrace, for ${ITEMS} turns`)
console.log(
  `median of ${rows.length}: whole ${median(rows.map(({ whole }) => whole)).toFixed(2)}, operator ${median(rows.map(({ own }) => own)).toFixed(2)}`,
)
console.log(`above ${LIMIT}: ${above.length}`)
for (const { name, own } of above) console.log(`  ${name} ${own.toFixed(2)}`)
