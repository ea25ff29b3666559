// npm run soak -- [--seconds 600] [--items 100000000] [--times 1000000] [NAME…]: pipelines at full speed for a long time. What lives after a
// collection, looked at 20 times on the way, grows by 5 MB at the most. Each check is in a process of its own.
//   cancels        random pipelines, most of them stopped on the way, for --seconds
//   branches       --items through a pipeline with 50 branches
//   inner sources, keys, re-subscriptions      --times each
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const LOOKS = 20
const allowed = 5

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    child: { type: 'string' },
    seconds: { type: 'string', default: '600' },
    items: { type: 'string', default: '100000000' },
    times: { type: 'string', default: '1000000' },
  },
})
const { seconds, items, times } = Object.fromEntries(['seconds', 'items', 'times'].map((name) => [name, Number(options[name])]))

/** Each returns what it has done, in words; `look(share)` is called on the way. */
const checks = {
  cancels: soakCancels,
  branches: soakBranches,
  'inner sources': soakInner,
  keys: soakKeys,
  're-subscriptions': soakRounds,
}

if (options.child === undefined) await parent(positionals.length > 0 ? positionals : Object.keys(checks))
else await child(options.child)

/** A generator of numbers from a seed: mulberry32. */
function randomOf(seed) {
  let a = seed
  return (n) => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

async function soakCancels(look) {
  const { background, gosched, go, sleep, withCancel } = await import('millrace')
  const operators = await import('millrace/operators')
  const rx = await import('rxjs')
  const random = randomOf(1)
  const pick = (list) => list[random(list.length)]
  const counts = { pipelines: 0, items: 0, completed: 0, stopped: 0 }
  const { batch, broadcast, byKey, fanOut, fromGoroutine, fromIterable, groupByKey, mergeFair, queue, run, until, workerPool } = operators
  const numbers = (n) => Array.from({ length: n }, (_, i) => i)
  const source = () =>
    pick([
      () => fromIterable(numbers(random(200))),
      () =>
        fromGoroutine(function* (emit) {
          for (let i = 0; ; i++) yield* emit.send(i)
        }).pipe(rx.take(random(200))),
      () => rx.from(numbers(random(50))),
    ])()
  const work = () =>
    pick([
      () => (n) => n,
      () => async (n) => n,
      () =>
        function* (n) {
          yield* gosched()
          return n
        },
      () => (n) => fromIterable([n]),
      () => (n) => sleep(0).map(() => n),
    ])()
  const stages = [
    () => workerPool(1 + random(5), work(), { ordered: random(2) === 0 }),
    () => byKey((n) => n % 7, 1 + random(5), work()),
    () => queue(1 + random(16)),
    () => (s) =>
      s.pipe(
        batch({ size: 1 + random(8), within: 5 }),
        rx.mergeMap((list) => list),
      ),
    () => fanOut(1 + random(4), (b) => b.pipe(workerPool(1, work()))),
    () =>
      broadcast(
        (b) => b.pipe(rx.filter((n) => n % 2 === 0)),
        (b) => b.pipe(workerPool(2, work())),
      ),
    () =>
      groupByKey(
        (n) => n % 5,
        (group) => group.pipe(rx.scan((sum, n) => (sum + n) | 0, 0)),
        { most: 3 },
      ),
    () => (s) => mergeFair(s, fromIterable(numbers(random(20)))),
    () => rx.map((n) => (n + 1) | 0),
    () => rx.share(),
    () => rx.concatMap((n) => fromIterable([n])),
    () => until(sleep(1000)),
  ]
  const off = operators.onUnpaced(() => {})
  const one = function* () {
    let pipeline = source()
    for (let n = 1 + random(6); n > 0; n--) pipeline = pipeline.pipe(pick(stages)())
    const ctx = withCancel(background)
    const running = run(ctx, pipeline.pipe(rx.tap(() => counts.items++)))
    const steps = random(4) === 0 ? Infinity : random(60)
    const stopping = go(function* () {
      if (steps === Infinity) return
      for (let i = 0; i < steps; i++) yield* gosched()
      if (random(2) === 0) ctx.cancel()
      else running.cancel()
    })
    const end = yield* running.join().attempt()
    yield* stopping.join()
    ctx.cancel()
    counts.pipelines++
    counts[end._tag === 'Right' ? 'completed' : 'stopped']++
  }
  const start = performance.now()
  const passed = () => (performance.now() - start) / 1000
  for (let part = 1; part <= LOOKS; part++) {
    while (passed() < (part * seconds) / LOOKS) await Promise.all(Array.from({ length: 20 }, () => go(one).join()))
    look()
  }
  off()
  return `${counts.pipelines} pipelines (${counts.completed} completed, ${counts.stopped} stopped) with ${counts.items} items in ${Math.round(passed())} s`
}

/** The numbers below `n`, with looks on the way. */
function* numbersTo(n, look) {
  for (let part = 0, i = 0; part < LOOKS; part++) {
    for (const end = Math.floor(((part + 1) * n) / LOOKS); i < end; i++) yield i
    look()
  }
}

async function timed(n, what, pipeline, expected) {
  const { background } = await import('millrace')
  const { run } = await import('millrace/operators')
  const { tap } = await import('rxjs')
  let seen = 0
  const start = performance.now()
  await run(background, pipeline.pipe(tap(() => seen++))).join()
  if (seen !== expected) throw new Error(`${expected - seen} items were lost`)
  const s = (performance.now() - start) / 1000
  return `${n} ${what} in ${s.toFixed(1)} s, ${Math.round((s * 1e9) / n)} ns each`
}

async function soakBranches(look) {
  const { fanOut, fromIterable, workerPool } = await import('millrace/operators')
  const pipeline = fromIterable(numbersTo(items, look)).pipe(fanOut(50, (branch) => branch.pipe(workerPool(1, (n) => n))))
  return timed(items, 'items through 50 branches', pipeline, items)
}

async function soakInner(look) {
  const { fromIterable, workerPool } = await import('millrace/operators')
  return timed(times, 'inner sources', fromIterable(numbersTo(times, look)).pipe(workerPool(5, (n) => fromIterable([n]))), times)
}

async function soakKeys(look) {
  const { fromIterable, groupByKey } = await import('millrace/operators')
  const pipeline = fromIterable(numbersTo(times, look)).pipe(
    groupByKey(
      (n) => n,
      (group) => group,
      { most: 100 },
    ),
  )
  return timed(times, 'keys', pipeline, times)
}

async function soakRounds(look) {
  const { fromIterable, repeatWith, workerPool } = await import('millrace/operators')
  const every = Math.floor(times / LOOKS)
  const again = ({ attempts }) => {
    if (attempts % every === 0) look()
    return attempts < times ? 0 : null
  }
  return timed(
    times,
    're-subscriptions',
    fromIterable([0]).pipe(
      workerPool(1, (n) => n),
      repeatWith(again),
    ),
    times,
  )
}

/** MB that are alive. */
function heap() {
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / (1 << 20)
}

async function child(name) {
  const looks = []
  const done = await checks[name](() => looks.push(heap()))
  process.stdout.write(JSON.stringify({ done, looks }) + '\n', () => process.exit(0))
}

async function parent(names) {
  let failures = 0
  for (const name of names) {
    const { done, looks, error } = await measure(name)
    const steady = error === undefined ? looks.slice(1) : [] // the first look is after the warm-up
    const grown = Math.max(...steady) - Math.min(...steady)
    const isGood = error === undefined && grown <= allowed
    if (!isGood) failures++
    const text =
      error ?? `${done}; heap ${Math.min(...steady).toFixed(1)} to ${Math.max(...steady).toFixed(1)} MB, last ${looks.at(-1).toFixed(1)}`
    console.log(`${isGood ? 'ok    ' : 'FAILED'}  ${name.padEnd(18)} ${text}`)
  }
  process.exitCode = failures === 0 ? 0 : 1
}

function measure(name) {
  const given = ['seconds', 'items', 'times'].flatMap((option) => [`--${option}`, options[option]])
  const args = ['--expose-gc', fileURLToPath(import.meta.url), '--child', name, ...given]
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error) resolve({ error: stderr.split('\n').find((line) => /Error\b.*:/.test(line)) ?? error.message.split('\n')[0] })
      else resolve(JSON.parse(stdout))
    })
  })
}
