/**
 * The three programs side by side: lines, time, peak memory, and the rows that are missing or double after five times kill -9 and
 * another start. `npm run etl:compare -- --orders 200000`; options go to the programs. Prints a table of Markdown.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseConfig, type Config } from './config.js'
import { brokenOf } from './generate.js'

const args = process.argv.slice(2)
const { orders } = parseConfig(args)
const expected = orders - brokenOf(orders)
const data = mkdtempSync(join(tmpdir(), 'etl-compare-'))
const KILLS = 5
const files = { millrace: 'pipeline.ts', async: 'plain-async.ts', rxjs: 'plain-rxjs.ts' }

console.log('| | lines | time | peak memory | after five times kill -9 |')
console.log('|---|---|---|---|---|')
for (const [style, file] of Object.entries(files) as [Config['style'], string][]) {
  const whole = await ended(begin(style))
  for (let kill = 1; kill <= KILLS; kill++) await killed(style, kill)
  const resumed = await ended(begin(style))
  const [rows, different] = numbersOf(resumed.at(-2))
  const fate =
    rows === expected && different === expected ? 'each row once' : `${expected - different} rows missing, ${rows - different} twice`
  const [, seconds, memory] = /^([\d.]+) s, peak memory (\d+ MB)/.exec(whole.at(-1) ?? '') ?? []
  console.log(`| ${style} | ${codeLinesOf(file)} | ${seconds} s | ${memory} | ${fate} |`)
  rmSync(join(data, `orders-${style}.db`))
}
rmSync(data, { recursive: true })

function begin(style: Config['style'], ...more: readonly string[]): ChildProcess {
  const script = new URL('main.ts', import.meta.url).pathname
  return spawn(process.execPath, ['--import', 'tsx', script, ...args, '--data', data, '--style', style, ...more], {
    stdio: ['ignore', 'inherit', 'pipe'],
  })
}

/** The lines of stderr, with `onLine` called for each. */
async function ended(child: ChildProcess, onLine: (line: string) => void = () => {}): Promise<string[]> {
  const lines: string[] = []
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
    lines.push(line)
    onLine(line)
  })
  await once(child, 'close')
  return lines
}

/** Kills the run when a part of the rows is saved. */
async function killed(style: Config['style'], kill: number): Promise<void> {
  const child = kill === 1 ? begin(style, '--fresh') : begin(style)
  await ended(child, (line) => {
    const [checkpoint] = /^\d+(?= of)/.exec(line) ?? []
    if (Number(checkpoint) > (orders * kill) / (KILLS + 1)) child.kill('SIGKILL')
  })
}

function numbersOf(line = ''): number[] {
  return [...line.matchAll(/\d+/g)].map(([text]) => Number(text))
}

/** Lines that are neither empty nor a comment. */
function codeLinesOf(file: string): number {
  const lines = readFileSync(new URL(file, import.meta.url), 'utf8').split('\n')
  return lines.filter((line) => line.trim() !== '' && !/^\s*(\/\*|\*|\/\/)/.test(line)).length
}
