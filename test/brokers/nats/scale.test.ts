/** The fetcher of the examples with its work in two other processes, of which one is killed with -9. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { findServer } from '../../../scripts/brokers.mjs'
import { startServer } from '../server.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = (file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', `examples/fetch/${file}`, ...args], {
    cwd: root,
    env: { ...process.env, NATS_SERVER: findServer(), TSX_TSCONFIG_PATH: 'tsconfig.json', ...env }, // on the sources
  })

it('has the results of the fetcher in one process, although a worker is killed while it works on a page', async () => {
  const { stdout } = await program('scale.ts', [])
  expect(stdout).toMatch(/^nats:\/\/127\.0\.0\.1:\d+: a server of its own$/m)
  const killed = /^worker 1 killed with -9 while it worked on \S+(\/pages\/\d+)$/m.exec(stdout)
  expect(stdout).toMatch(/^worker 3: process \d+$/m)
  const [, again] = /^\d+ pages? (?:was|were) delivered again: (.*)$/m.exec(stdout) ?? []
  expect(again.split(' ')).toContain(killed?.[1])
  expect(stdout).toMatch(/^same 300 results as in one process$/m)
})

it('says what is wrong with the server in one line, with status 2', async () => {
  const server = await startServer()
  const { port } = server
  await server.close()
  const away = program('main.ts', ['--over', `nats://127.0.0.1:${port}`])
  await expect(away).rejects.toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^error: cannot connect to 'nats:\/\/127\.0\.0\.1:\d+': .*\n$/) as string }) // prettier-ignore
})
