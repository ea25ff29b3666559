// npm run growth: what a program does a million times must not be kept. Each check warms up, runs, and compares the
// heap after a collection, in a process of its own. It must stay within 5 MB.
//   node growth.mjs [NAME…]
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const allowed = 5
const million = 1_000_000

const checks = {
  'a select loses on a quiet channel': async ({ go, chan, select }) => {
    const quiet = chan()
    const loser = () => quiet.receive()
    return (n) => lose(go, chan, select, loser, n)
  },
  'a select loses on a pending promise': async ({ go, chan, select }) => {
    const pending = new Promise(() => {})
    return (n) => lose(go, chan, select, () => pending, n)
  },
  'a select loses on an AbortSignal': async ({ go, chan, select, fromSignal }) => {
    const stop = fromSignal(new AbortController().signal)
    return (n) => lose(go, chan, select, () => stop.done(), n)
  },
  'a select that waited loses on a quiet channel': async ({ go, chan, select }) => {
    const quiet = chan()
    return (n) => loseWaiting(go, chan, select, () => quiet.receive(), n)
  },
  'a select that waited loses on a pending promise': async ({ go, chan, select }) => {
    const pending = new Promise(() => {})
    return (n) => loseWaiting(go, chan, select, () => pending, n)
  },
  'a select that waited loses on an AbortSignal': async ({ go, chan, select, fromSignal }) => {
    const stop = fromSignal(new AbortController().signal)
    return (n) => loseWaiting(go, chan, select, () => stop.done(), n)
  },
  'the same, with fromSignal(signal) anew each time': async ({ go, chan, select, fromSignal }) => {
    const { signal } = new AbortController()
    return (n) => loseWaiting(go, chan, select, () => fromSignal(signal).done(), n)
  },
  'contexts under one parent': async ({ background, withCancel }) => {
    const parent = withCancel(background)
    return (n) => {
      for (let i = 0; i < n; i++) withCancel(parent).cancel()
    }
  },
  'ten million messages through a pipeline': async ({ background, chan, go }, load) => {
    const { fromReceiver, workerPool, run } = await load('millrace/operators')
    const { map } = await load('rxjs')
    function* feed(jobs, n) {
      for (let i = 0; i < n; i++) yield* jobs.send(i)
      jobs.close()
    }
    return async (n) => {
      const jobs = chan(16)
      go(feed, jobs, 10 * n)
      const double = map((v) => v * 2)
      const pool = workerPool(5, (v) => v + 1)
      await run(background, fromReceiver(jobs).pipe(double, pool)).join()
    }
  },
}

/** The other case is ready already. */
function lose(go, chan, select, loser, n) {
  function* all() {
    const busy = chan(1)
    for (let i = 0; i < n; i++) {
      yield* busy.send(i)
      const r = yield* select({ busy: busy.receive(), loser: loser() })
      if (r.case !== 'busy') throw new Error('the wrong case')
    }
  }
  return go(all).join()
}

/** Both cases wait, and the other one is served. */
function loseWaiting(go, chan, select, loser, n) {
  function* serve(busy, ack) {
    for (let i = 0; i < n; i++) {
      yield* busy.send(i)
      yield* ack.receive()
    }
  }
  function* all() {
    const busy = chan()
    const ack = chan()
    go(serve, busy, ack)
    for (let i = 0; i < n; i++) {
      const r = yield* select({ busy: busy.receive(), loser: loser() })
      if (r.case !== 'busy') throw new Error('the wrong case')
      yield* ack.send(i)
    }
  }
  return go(all).join()
}

if (process.argv[2] === '--child') await child(process.argv[3])
else await parent(process.argv.slice(2))

async function child(name) {
  const run = await checks[name](await import('millrace'), (entry) => import(entry))
  await run(million / 20)
  const before = await heap()
  await run(million)
  const grown = (await heap()) - before
  process.stdout.write(JSON.stringify({ grown }) + '\n', () => process.exit(0))
}

async function heap() {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / (1 << 20)
}

async function parent(only) {
  const names = Object.keys(checks).filter((name) => only.length === 0 || only.some((word) => name.includes(word)))
  let failures = names.length === 0 ? 1 : 0
  for (const name of names) {
    const { grown, error } = await measure(name)
    const ok = error === undefined && grown <= allowed
    if (!ok) failures++
    console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(50)} ${error ?? `${grown.toFixed(2)} MB`}`)
  }
  console.log(`${names.length - failures} passed, ${failures} failed`)
  process.exitCode = failures === 0 ? 0 : 1
}

function measure(name) {
  const args = ['--expose-gc', fileURLToPath(import.meta.url), '--child', name]
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 300_000 }, (error, stdout, stderr) => {
      if (error) resolve({ error: stderr.split('\n').find((line) => /Error\b.*:/.test(line)) ?? error.message.split('\n')[0] })
      else resolve(JSON.parse(stdout))
    })
  })
}
