// node --expose-gc child.mjs WORKLOAD IMPLEMENTATION REPETITIONS MILLISECONDS wall|cpu
// One implementation in a process of its own, so that no other has trained its inline caches. Warms up, then
// prints {"reps":[…]}: the cost of an operation in each repetition of at least so many milliseconds.
import { clockFor } from './clock.mjs'
import { workloads } from './workloads.mjs'
import { peer } from './peers/load.mjs'

const [name, impl, reps, ms, kind] = process.argv.slice(2)
const clock = clockFor(kind)
const budget = 20_000 // slow ones repeat less often
const workload = workloads.find((w) => w.name === name)

const run = await prepare(workload)
if (workload.measures === 'bytes') report([await run()])
else report(await repeat(Number(reps), Number(ms)))

async function prepare({ ours = {}, floors = {}, platform = {}, peers = {} }) {
  if (impl in peers) return peers[impl](peer)
  if (impl in ours) return ours[impl](await import('millrace'), await optional('millrace/operators'))
  return (floors[impl] ?? platform[impl])()
}

async function optional(entry) {
  try {
    return await import(entry)
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error
    return {}
  }
}

async function repeat(count, least) {
  const start = performance.now()
  if (workload.warm) await run(workload.warm)
  await perOp(least, 2)
  const out = []
  do {
    gc()
    out.push(await perOp(least, 1))
  } while (out.length < count && performance.now() - start < budget)
  return out
}

/** Calls run(n) until `least` ms have gone by; run may do fewer operations than n and then answers how many. */
async function perOp(least, calls) {
  const { n, ops = n } = workload
  const began = performance.now()
  const start = clock()
  let total = 0
  for (let i = 0; i < calls || clock() - start < least; i++) {
    if (i > 0 && performance.now() - began > budget / 4) break
    total += (await run(n)) ?? ops
  }
  return ((clock() - start) * 1e6) / total
}

function report(out) {
  process.stdout.write(JSON.stringify({ reps: out }) + '\n', () => process.exit(0))
}
