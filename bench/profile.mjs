// node bench/profile.mjs WORKLOAD [IMPLEMENTATION]: where the time of one implementation goes, by function.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [workload, implementation = 'ours'] = process.argv.slice(2)
const child = fileURLToPath(new URL('child.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'millrace-profile-'))
const flags = ['--expose-gc', '--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${folder}`]
execFileSync(process.execPath, [...flags, child, workload, implementation, '5', '300', 'wall'], { stdio: ['ignore', 'ignore', 'inherit'] })
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8'))
rmSync(folder, { recursive: true })

const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
const spent = new Map()
let total = 0
samples.forEach((id, i) => {
  const { functionName, url, lineNumber } = frames.get(id)
  if (functionName === '(idle)') return
  const name = `${functionName || '(anonymous)'} ${url ? `${basename(url)}:${lineNumber + 1}` : ''}`
  spent.set(name, (spent.get(name) ?? 0) + timeDeltas[i])
  total += timeDeltas[i]
})
for (const [name, time] of [...spent].sort((a, b) => b[1] - a[1]).slice(0, 20))
  console.log(`${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`)
