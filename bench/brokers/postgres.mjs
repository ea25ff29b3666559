// PostgreSQL beside the raw client, pg-boss and graphile-worker: `node bench/brokers/postgres.mjs [--rounds 5] [--messages 20000] [--only publish,batches]`.
// Needs `npm run build`, PostgreSQL (`apt-get install postgresql`) and, for the other queues, the peers (`npm run bench -- --install-peers`). The server has its
// usual settings, so that a commit waits for the disk.
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { compared, freePort } from './compare.mjs'

const rows = {
  publish: ['client, 256 a statement', 'ours', 'pg-boss, insert of 256', 'graphile-worker, 256'],
  batches: [
    'client, 256 a statement',
    'client with a lease, 256 a statement',
    'client, 16 a statement',
    'client with a lease, 16 a statement',
    'ours, a queue',
    'ours, a queue, 256 workers',
    'ours, a log',
    'pg-boss, 256 a batch',
    'graphile-worker, 16',
  ],
  'one by one': ['client', 'ours, prefetch 1', 'ours', 'pg-boss, 1 a batch', 'graphile-worker, 1'],
  through: ['client, 256 a statement', 'ours, a queue', 'ours, a queue, 256 workers', 'ours, a log'],
}

const versions = '/usr/lib/postgresql'
const [bin] = readdirSync(versions)
  .sort((a, b) => Number(b) - Number(a))
  .map((version) => join(versions, version, 'bin'))
  .filter((folder) => existsSync(join(folder, 'initdb')))

const idOf = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
const user = process.getuid() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {} // a server refuses to run as root

async function start(folder) {
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const as = { ...user, cwd: folder }
  const data = join(folder, 'data')
  execFileSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '--lc-messages=C'], {
    ...as,
    stdio: 'ignore',
  })
  const port = await freePort()
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-h', '127.0.0.1', '-k', folder, '-p', String(port)], {
    ...as,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  await new Promise((resolve) => server.stderr.on('data', (given) => (log += given).includes('ready to accept connections') && resolve()))
  return { server, port, signal: 'SIGQUIT' } // with which its children end too
}

await compared({ rows, contender: 'postgres-contender.mjs', messages: 20_000, start })
