// What the comparisons of the brokers share: contenders in processes of their own, each against a server of its own, in turns, and the lines of their figures.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { median } from '../report.mjs'

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Prints the figures of the contenders of each row; the first of a row is the one beside which the others stand. `start(folder)` returns the process of a
 * server that is ready, its port, and the signal that ends it. A contender whose output says NOT INSTALLED has no figures.
 */
export async function compared({ rows, contender, messages, start }) {
  const options = {
    rounds: { type: 'string', default: '5' },
    messages: { type: 'string', default: String(messages) },
    only: { type: 'string' },
  }
  const { values } = parseArgs({ options })
  const only = values.only?.split(',') ?? Object.keys(rows)
  const file = fileURLToPath(new URL(contender, import.meta.url))
  console.log(`node ${process.version}, load ${loadavg()[0].toFixed(1)}; messages of 100 bytes; µs a message: median (least to most)`)
  for (const row of only) {
    const names = rows[row]
    if (names === undefined) throw new Error(`--only: expected ${Object.keys(rows).join(', ')}, got ${JSON.stringify(row)}`)
    const count = row === 'one by one' ? Math.ceil(values.messages / 4) : Number(values.messages) // a round trip for each: fewer are enough
    const figures = new Map(names.map((name) => [name, []]))
    for (let round = 0; round < Number(values.rounds); round++)
      for (const name of names) figures.get(name).push(...(await measured(start, [file, row, name], count)))
    console.log(`\n${row}, ${count} messages`)
    for (const name of names) console.log(`  ${name.padEnd(22)} ${lineOf(figures, name, names[0])}`)
  }
}

/** The figures of one run: those of the process of the contender. */
async function measured(start, contender, count) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const { server, port, signal = 'SIGKILL' } = await start(folder)
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...contender, String(port), String(count)], { timeout: 300_000 })
    return [JSON.parse(stdout)]
  } catch (error) {
    if (String(error).includes('NOT INSTALLED')) return []
    throw error
  } finally {
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
    rmSync(folder, { recursive: true })
  }
}

function lineOf(figures, name, first) {
  if (figures.get(name).length === 0) return 'not installed'
  const of = (one, what) => figures.get(one).map((figure) => figure[what])
  const spread = (all) => `${median(all).toFixed(1)} (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})`
  const ratio = (what) => median(of(name, what).map((us, i) => of(first, what)[i] / us)).toFixed(2)
  const [cpu, wall] = [spread(of(name, 'cpu')).padEnd(24), spread(of(name, 'wall')).padEnd(26)]
  return `processor ${cpu} time ${wall} ${ratio('cpu')} and ${ratio('wall')} times "${first}"`
}
