// npm run bench -- [--only pingpong,pipe] [--impls ours,go] [--rounds 3] [--quick] [--no-peers] [--no-go] [--cpu] [--json file] [--list] [--install-peers]
// Runs every implementation of a workload in turn, round after round, each in a process of its own, and prints medians,
// the spread, and how they stand to Go on one core, to the best peer and to the targets.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { buildGo } from './go/build.mjs'
import { judge, median, printTable, printTargets, status } from './report.mjs'
import { workloads } from './workloads.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    impls: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: true },
    go: { type: 'boolean', default: true },
    json: { type: 'string' },
    cpu: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    'install-peers': { type: 'boolean', default: false },
  },
  allowNegative: true,
})
const rounds = positive('--rounds', options.rounds ?? (options.quick ? '1' : '3'))
const [repetitions, milliseconds] = options.quick ? [3, 100] : [4, 200]
const repeats = [String(repetitions), String(milliseconds), options.cpu ? 'cpu' : 'wall']
const childTime = options.cpu ? 300_000 : 90_000

if (options['install-peers']) execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: here('peers'), stdio: 'inherit' })

const chosen = choose(options.only)
if (options.list) {
  for (const w of chosen) console.log(`${w.name.padEnd(14)} ${w.title}`)
  process.exit()
}

const gobench = options.go ? buildGo() : { missing: 'left out by --no-go' }
const peersMissing = missingPeers()
console.log(`node ${process.version}, ${gobench.version ?? 'no Go'}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`)
if (options.cpu) console.log('Processor time, not wall time')
else if (loadavg()[0] > 1.5) console.log(`The machine is busy with other things (load ${loadavg()[0].toFixed(1)}): --cpu will tell more`)
if (gobench.missing) console.log(`Columns missing: go, go 2 procs (${gobench.missing})`)
if (peersMissing) console.log(`Columns missing: peers (${peersMissing})`)

const results = []
for (const workload of chosen) {
  const result = judge(workload, await measure(workload))
  results.push(result)
  status('')
  printTable(result)
}
printTargets(results)
if (options.json) {
  const versions = { node: process.version, go: gobench.version }
  writeFileSync(options.json, JSON.stringify({ versions, rounds, results }, null, 2) + '\n')
}

/** The contenders of a workload, each { label, group, command, args, env }. */
function contenders(workload) {
  const js = (group) =>
    Object.keys(workload[group] ?? {}).map((label) => ({ label, group, command: process.execPath, args: jsArgs(workload, label) }))
  const go = (procs) =>
    Object.entries(workload.go ?? { go: workload.name }).map(([label, subcommand]) => ({
      label: procs === 1 ? label : `${label}, ${procs} procs`,
      group: 'go',
      command: gobench.path,
      args: [subcommand, ...repeats],
      env: { ...process.env, GOMAXPROCS: String(procs) },
    }))
  const impls = options.impls?.split(',').map((s) => s.trim())
  return [
    ...js('ours'),
    ...(gobench.path ? [...go(1), ...go(2)] : []),
    ...js('floors'),
    ...(options.peers ? js('platform') : []),
    ...(peersMissing ? [] : js('peers')),
  ].filter(({ label }) => !impls || impls.some((name) => label === name || label.startsWith(`${name} `)))
}

function jsArgs({ name, nodeArgs = [] }, label) {
  return ['--expose-gc', ...nodeArgs, here('child.mjs'), name, label, ...repeats]
}

async function measure(workload) {
  const entries = contenders(workload).map((c) => ({ ...c, reps: [], error: undefined }))
  for (let round = 1; round <= rounds; round++)
    for (const entry of entries) {
      if (entry.error) continue
      status(`${workload.name}, round ${round} of ${rounds}: ${entry.label}`)
      try {
        entry.reps.push(...(await child(entry)))
      } catch (error) {
        entry.error = error.message
      }
    }
  return entries.map(({ label, group, reps, error }) => ({
    label,
    group,
    error,
    reps,
    median: median(reps),
    min: Math.min(...reps),
    max: Math.max(...reps),
  }))
}

function child({ command, args, env = process.env }) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { env, timeout: childTime, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      if (error?.killed) reject(new Error(`no end within ${childTime / 1000} s`))
      else if (error) reject(new Error(cause(stderr) ?? `exit status ${error.code}`))
      else resolve(JSON.parse(stdout).reps)
    })
  })
}

/** The line of a stack trace that says what went wrong. */
function cause(stderr) {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /Error\b.*:|^panic:|^fatal error:/.test(line)) ?? lines[0]
}

function choose(only) {
  if (only === undefined) return workloads
  return only.split(',').map((name) => {
    const found = workloads.find((w) => w.name === name.trim())
    if (!found) fail(`no workload is called ${name}; there are ${workloads.map((w) => w.name).join(', ')}`)
    return found
  })
}

function missingPeers() {
  if (!options.peers) return 'left out by --no-peers'
  if (existsSync(here('peers/node_modules'))) return undefined
  return 'not installed: npm run bench -- --install-peers'
}

function positive(name, text) {
  const n = Number(text)
  if (!Number.isInteger(n) || n < 1) fail(`${name} takes a whole number from 1, not ${text}`)
  return n
}

function fail(message) {
  console.error(message)
  process.exit(2)
}
