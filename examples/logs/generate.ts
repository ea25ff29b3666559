/** Access logs of a shop that never was: skewed as real ones are, with searches that hardly ever repeat, and a broken line now and then. */
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { random } from './random.js'

const FILES = 4
const CLIENTS = 4_000
const PRODUCTS = 50_000
const PER_SECOND = 50
const START = Date.UTC(2026, 10, 2)
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (compatible; ExampleBot/2.1)',
  'curl/8.9.1',
]
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Files of `size` MB of text together; those that are there from the last time are not made again. */
export async function generate(folder: string, size: number, signal: AbortSignal): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const lines = makeLines()
  const files: string[] = []
  for (let n = 1; n <= FILES; n++) files.push(join(folder, `access-${size}MB-${n}.log.gz`))
  if (files.every((file) => existsSync(file))) return files
  process.stderr.write(`generating ${size} MB of logs in ${folder}\n`)
  for (const file of files) {
    const begun = `${file}.part` // a run that is cut short leaves nothing that looks whole
    await pipeline(Readable.from(chunks(lines, (size * 1_000_000) / FILES)), createGzip({ level: 1 }), createWriteStream(begun), { signal })
    await rename(begun, file)
  }
  return files
}

function* chunks(lines: Iterator<string>, bytes: number): Generator<string, void> {
  for (let made = 0; made < bytes;) {
    let chunk = ''
    while (chunk.length < 64 * 1024 && made + chunk.length < bytes) chunk += lines.next().value as string // there is no end of them
    made += chunk.length
    yield chunk
  }
}

function* makeLines(): Generator<string, never> {
  const chance = random(1)
  for (let n = 0; ; n++) {
    const client = Math.floor(CLIENTS * chance() ** 2)
    const failed = chance() < 0.03
    const line = `${address(client)} - - [${time(START + (n * 1000) / PER_SECOND)}] "GET ${path(chance)} HTTP/1.1" ${failed ? 500 : 200} ${Math.floor(200 + 40_000 * chance() ** 3)} "-" "${AGENTS[client % AGENTS.length]}"\n`
    yield n % 10_000 === 9_999 ? `${line.slice(0, 30)}\n` : line
  }
}

function address(client: number): string {
  return `${11 + (client % 97)}.${(client * 31) % 151}.${Math.floor(client / 97) % 256}.${client % 254}`
}

function path(chance: () => number): string {
  const kind = chance()
  if (kind < 0.2) return '/'
  if (kind < 0.3) return '/cart'
  if (kind < 0.4) return `/search?q=${Math.floor(chance() * 1e9).toString(36)}`
  return `/products/${Math.floor(PRODUCTS * chance() ** 3)}`
}

let last = { second: 0, text: '' }

function time(ms: number): string {
  const second = Math.floor(ms / 1000)
  if (second === last.second) return last.text
  const [date, clock] = new Date(second * 1000).toISOString().split('T')
  const [year, month, day] = date.split('-')
  last = { second, text: `${day}/${MONTHS[Number(month) - 1]}/${year}:${clock.slice(0, 8)} +0000` }
  return last.text
}
