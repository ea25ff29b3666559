/** A NATS server for a trial: on a free port of loopback, with files of its own, which go when it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { install, serverPath } from '../../scripts/brokers.mjs'
import { UsageError } from './errors.js'

export interface NatsServer extends AsyncDisposable {
  readonly url: string
}

/** Installs the server where there is none. Throws a UsageError where that cannot be done. */
export async function startNatsServer(): Promise<NatsServer> {
  if (serverPath() === null) {
    process.stderr.write('there is no nats-server here: installing one\n')
    install()
  }
  const path = serverPath()
  if (path === null)
    throw new UsageError(
      'there is no nats-server, and none could be installed. Expected one in the PATH or in NATS_SERVER, or the URL of one: npm run scale -- nats://HOST:PORT',
    )
  const folder = mkdtempSync(join(tmpdir(), 'fetch-nats-'))
  const child = spawn(path, ['--addr', '127.0.0.1', '--port', '-1', '--jetstream', '--store_dir', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    return { url: `nats://127.0.0.1:${await portOf(child)}`, [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

function portOf({ stderr }: ChildProcess): Promise<string> {
  let log = ''
  return new Promise((resolve, reject) => {
    stderr?.on('data', (text: Buffer) => {
      log += text.toString()
      const [, port] = /client connections on [\d.]+:(\d+)/.exec(log) ?? []
      if (port !== undefined && log.includes('Server is ready')) resolve(port)
    })
    stderr?.once('close', () => reject(new UsageError(`nats-server ended: ${log}`)))
  })
}
