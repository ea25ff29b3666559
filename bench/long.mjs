// node bench/long.mjs [--rounds 3] [--quick] [--cpu]: 100 million items through map, filter and scan, ours beside raw RxJS. It must not take more
// than 1.3 times as long, and the heap must stay flat: what lives after a collection, looked at 20 times on the way, grows by 5 MB at the most.
// Each run is in a process of its own; the looks are not counted. --quick: 10 million items.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { clockFor } from './clock.mjs'
import { median } from './report.mjs'

const LOOKS = 20
const allowed = { ratio: 1.3, growth: 5 }

const sources = {
  'of a generator': (n, look) =>
    (function* () {
      for (let part = 0, i = 0; part < LOOKS; part++) {
        for (const end = ((part + 1) * n) / LOOKS; i < end; i++) yield i
        look()
      }
    })(),
  'of an iterator written by hand': (n, look) => ({
    [Symbol.iterator]() {
      let i = 0
      let end = n / LOOKS
      return {
        next() {
          if (i === end) {
            look()
            if (i === n) return { done: true, value: undefined }
            end += n / LOOKS
          }
          return { done: false, value: i++ }
        },
      }
    },
  }),
}

const implementations = {
  async ours() {
    const { background } = await import('millrace')
    const { fromIterable, run } = await import('millrace/operators')
    return (items, stages) => run(background, fromIterable(items).pipe(...stages)).join()
  },
  async rxjs() {
    const { from } = await import('rxjs')
    return (items, stages) =>
      new Promise((complete, error) =>
        from(items)
          .pipe(...stages)
          .subscribe({ complete, error }),
      )
  },
}

if (process.argv[2] === '--child') await child(...process.argv.slice(3))
else await parent()

async function child(implementation, source, count, kind) {
  const { map, filter, scan } = await import('rxjs')
  const start = await implementations[implementation]()
  const clock = clockFor(kind)
  let last = 0
  const stages = [map((v) => v + 1), filter((v) => v % 4 !== 0), scan((sum, v) => (last = (sum + v) | 0), 0)]
  for (let i = 0; i < 3; i++)
    await start(
      sources[source](200_000, () => {}),
      stages,
    )

  const during = []
  const before = heap()
  let begin = clock()
  let ms = 0
  const look = () => {
    ms += clock() - begin
    during.push(heap())
    begin = clock()
  }
  await start(sources[source](Number(count), look), stages)
  ms += clock() - begin
  if (last !== expected(Number(count))) throw new Error(`an item was lost: ${last}`)
  const { maxRSS } = process.resourceUsage()
  process.stdout.write(JSON.stringify({ ms, before, during, after: heap(), rss: maxRSS / 1024 }) + '\n', () => process.exit(0))
}

/** MB that are alive. */
function heap() {
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / (1 << 20)
}

function expected(n) {
  let sum = 0
  for (let v = 1; v <= n; v++) if (v % 4 !== 0) sum = (sum + v) | 0
  return sum
}

async function parent() {
  const { values: options } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      quick: { type: 'boolean', default: false },
      cpu: { type: 'boolean', default: false },
    },
  })
  const count = options.quick ? 10_000_000 : 100_000_000
  console.log(`${count / 1e6} million items through map, filter, scan; node ${process.version}${options.cpu ? '; processor time' : ''}`)
  let isMissed = false
  for (const source of Object.keys(sources)) {
    const runs = { ours: [], rxjs: [] }
    for (let round = 0; round < Number(options.rounds); round++)
      for (const [name, list] of Object.entries(runs)) list.push(await measure(name, source, count, options.cpu ? 'cpu' : 'wall'))
    if (report(source, runs, count)) isMissed = true
  }
  if (isMissed) process.exitCode = 1
}

function report(source, runs, count) {
  console.log(`\n${source}`)
  for (const [name, list] of Object.entries(runs)) {
    const times = list.map(({ ms }) => ms)
    const spread = `${seconds(Math.min(...times))}–${seconds(Math.max(...times))}`
    const { before, during, after, rss } = worst(list)
    const heaps = `heap before ${mb(before)}, during ${mb(Math.min(...during))}–${mb(Math.max(...during))}, after ${mb(after)} MB; process ${rss.toFixed(0)} MB`
    console.log(
      `  ${name.padEnd(5)} ${seconds(median(times))} s (${spread}), ${((median(times) * 1e6) / count).toFixed(1)} ns an item; ${heaps}`,
    )
  }
  const ratio = median(runs.ours.map(({ ms }) => ms)) / median(runs.rxjs.map(({ ms }) => ms))
  const grown = growth(worst(runs.ours))
  const verdict = (isGood) => (isGood ? 'ok' : 'MISSED')
  console.log(`  ratio ${ratio.toFixed(2)} ≤ ${allowed.ratio}: ${verdict(ratio <= allowed.ratio)}`)
  console.log(`  heap grows by ${mb(grown)} MB ≤ ${allowed.growth}: ${verdict(grown <= allowed.growth)}`)
  return ratio > allowed.ratio || grown > allowed.growth
}

function growth({ before, during, after }) {
  return Math.max(...during, after) - before
}

function worst(list) {
  return list.reduce((a, b) => (growth(b) > growth(a) ? b : a))
}

function mb(value) {
  return value.toFixed(2)
}

function seconds(ms) {
  return (ms / 1000).toFixed(2)
}

function measure(...args) {
  const command = ['--expose-gc', fileURLToPath(import.meta.url), '--child', ...args.map(String)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, { timeout: 300_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.split('\n').find((line) => /Error\b.*:/.test(line)) ?? error.message.split('\n')[0]))
      else resolve(JSON.parse(stdout))
    })
  })
}
