// Redis Streams beside the raw client and BullMQ: `node bench/brokers/redis.mjs [--rounds 5] [--messages 100000] [--only publish,batches]`.
// Needs `npm run build`, `npm run brokers` and, for BullMQ, the peers (`npm run bench -- --install-peers`). The server has its usual append-only file
// (`everysec`).
import { spawn } from 'node:child_process'
import { findRedis } from '../../scripts/brokers.mjs'
import { compared, freePort } from './compare.mjs'

const rows = {
  publish: ['client', 'ours', 'BullMQ, addBulk'],
  batches: [
    'client, XACK a batch',
    'client, XACK each',
    'client, 16 at a time',
    'ours, a queue',
    'ours, a queue, 256 workers',
    'ours, a log',
    'ours, a log, 256 workers',
    'BullMQ, 16 at a time',
  ],
  'one by one': ['client', 'ours, prefetch 1', 'ours', 'BullMQ, 1 at a time'],
  through: ['client', 'ours, a queue', 'ours, a queue, 256 workers', 'ours, a log', 'ours, a log, 256 workers'],
}

async function start(folder) {
  const port = await freePort()
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--appendonly', 'yes', '--save', '']
  const server = spawn(findRedis(), settings, { stdio: ['ignore', 'pipe', 'ignore'] })
  let log = ''
  for await (const text of server.stdout) if ((log += text).includes('Ready to accept connections')) break
  return { server, port }
}

// Of fewer messages the compiling of the code is a large part.
await compared({ rows, contender: 'redis-contender.mjs', messages: 100_000, start })
