// NATS beside its raw client: `node bench/brokers/nats.mjs [--rounds 5] [--messages 20000] [--only publish,batches]`.
// Needs `npm run build`, `npm run brokers` and the peers (`npm run bench -- --install-peers`).
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findServer } from '../../scripts/brokers.mjs'
import { compared } from './compare.mjs'

const rows = {
  publish: ['client', 'client, as installed', 'ours'],
  batches: [
    'client, fetch',
    'client, fetch of 16',
    'client, consume',
    'ours, a queue',
    'ours, a queue, 256 workers',
    'ours, a log',
    'ours, a log, 256 workers',
  ],
  'one by one': ['client, next', 'ours, prefetch 1', 'ours'],
  through: ['client', 'ours, a queue', 'ours, a queue, 256 workers', 'ours, a log', 'ours, a log, 256 workers'],
}

async function start(folder) {
  const config = join(folder, 'nats.conf')
  writeFileSync(config, `listen: 127.0.0.1:-1\njetstream { store_dir: ${JSON.stringify(folder)} }`)
  const server = spawn(findServer(), ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  for await (const text of server.stderr) if ((log += text).includes('Server is ready')) break
  return { server, port: /Listening for client connections on [\d.]+:(\d+)/.exec(log)[1] }
}

await compared({ rows, contender: 'nats-contender.mjs', messages: 20_000, start })
