// Kafka beside the raw client: `node bench/brokers/kafka.mjs [--rounds 5] [--messages 40000] [--only publish,consume]`.
// Needs `npm run build` and `npm run brokers`. Each contender runs in a process of its own, against a server of its own, in turns; the figures are those of the client's process. One broker, one partition, acks of all.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { findKafka } from '../../scripts/brokers.mjs'
import { freePort, printed } from './compare.mjs'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, messages: { type: 'string', default: '40000' }, only: { type: 'string' } },
})
const contender = fileURLToPath(new URL('kafka-contender.mjs', import.meta.url))

/** The first of a row is the one beside which the others stand. */
const rows = {
  publish: ['client, 256 a send', 'client, 1 a send', 'ours'],
  consume: ['client, a stream', 'ours, a log'],
  through: ['client', 'ours, a log'],
}

const java = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-cp', join(findKafka(), '*')]

async function measured(row, name, messages) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const [port, controller] = [await freePort(), await freePort()]
  const config = join(folder, 'server.properties')
  writeFileSync(
    config,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
controller.listener.names=CONTROLLER
log.dirs=${join(folder, 'data')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
`,
  )
  execFileSync('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', config], { stdio: 'ignore' })
  const server = spawn('java', [...java, 'kafka.Kafka', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    let log = ''
    await new Promise((resolve) => server.stderr.on('data', (given) => (log += given).includes('Kafka Server started') && resolve()))
    const { stdout } = await promisify(execFile)(process.execPath, [contender, row, name, String(port), String(messages)], {
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
await printed({ rows, only: options.only, rounds: Number(options.rounds), messagesOf: () => Number(options.messages), measured })
