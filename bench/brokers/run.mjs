// Brokers beside their raw clients: `node bench/brokers/run.mjs [--rounds 5] [--messages 20000] [--only publish,batches]`.
// Needs `npm run build`, `npm run brokers` and the peers (`npm run bench -- --install-peers`). Each contender runs in a process of its own, against a
// server of its own, in turns; the figures are those of the client's process.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { findServer } from '../../scripts/brokers.mjs'
import { median } from '../report.mjs'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, messages: { type: 'string', default: '20000' }, only: { type: 'string' } },
})
const contender = fileURLToPath(new URL('contender.mjs', import.meta.url))

/** The first of a row is the one beside which the others stand. */
const rows = {
  publish: ['client', 'client, as installed', 'ours'],
  batches: ['client, fetch', 'client, consume', 'ours, a queue', 'ours, a log'],
  'one by one': ['client, next', 'ours, prefetch 1', 'ours'],
  through: ['client', 'ours, a queue', 'ours, a log'],
}
/** A round trip for each message: fewer are enough. */
const messagesOf = (row) => (row === 'one by one' ? Math.ceil(options.messages / 4) : Number(options.messages))

async function measured(row, name) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const config = join(folder, 'nats.conf')
  writeFileSync(config, `listen: 127.0.0.1:-1\njetstream { store_dir: ${JSON.stringify(folder)} }`)
  const server = spawn(findServer(), ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    let log = ''
    for await (const text of server.stderr) if ((log += text).includes('Server is ready')) break
    const port = /Listening for client connections on [\d.]+:(\d+)/.exec(log)[1]
    const { stdout } = await promisify(execFile)(process.execPath, [contender, row, name, port, String(messagesOf(row))], {
      timeout: 300_000,
    })
    return JSON.parse(stdout)
  } finally {
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true })
  }
}

console.log(`node ${process.version}, load ${loadavg()[0].toFixed(1)}; messages of 100 bytes; µs a message: median (least to most)`)
for (const [row, names] of Object.entries(rows)) {
  if (options.only !== undefined && !options.only.split(',').includes(row)) continue
  const figures = new Map(names.map((name) => [name, []]))
  for (let round = 0; round < Number(options.rounds); round++) for (const name of names) figures.get(name).push(await measured(row, name))
  console.log(`\n${row}, ${messagesOf(row)} messages`)
  const of = (name, what) => figures.get(name).map((figure) => figure[what])
  const spread = (all) => `${median(all).toFixed(1)} (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})`
  for (const name of names) {
    const ratio = (what) => median(of(name, what).map((us, i) => of(names[0], what)[i] / us)).toFixed(2)
    console.log(
      `  ${name.padEnd(22)} processor ${spread(of(name, 'cpu')).padEnd(24)} time ${spread(of(name, 'wall')).padEnd(26)} ${ratio('cpu')} and ${ratio('wall')} times "${names[0]}"`,
    )
  }
}
