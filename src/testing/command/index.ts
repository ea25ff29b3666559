/**
 * The race detector of a program: `node --import millrace/race app.ts`. Reports go to stderr as races are found, and the program ends with
 * exit code 66.
 */
import { Buffer } from 'node:buffer'
import { appendFileSync, writeSync } from 'node:fs'
import module from 'node:module'
import { installHooks, unusedAllowances } from '../hooks/index.js'
import { RaceEngine, type RaceAccess, type RaceError } from '../race/index.js'
import { readOptions } from './options.js'

interface Loader {
  registerHooks?: (hooks: { readonly load: unknown }) => void
}

/** `load.ts` */
interface LoadHooks {
  readonly initialize: (given: { readonly include: readonly string[]; readonly exclude: readonly string[] }) => void
  readonly compileScripts: () => void
  readonly loadSync: unknown
}

const options = readOptions()
const engine = new RaceEngine(options.level, true, report, options.stacks)
let found = 0
/** The places of `ignore` that have had no race. */
const unused = new Map(options.ignore)

/** Where the hooks of the module loader are: beside this file in the package, or in their room in the sources. */
const loader = new URL(import.meta.url.endsWith('/race.js') ? './race-load.js' : '../../adapters/loader/load.js', import.meta.url).href

process.setSourceMapsEnabled(true)
engine.open()
installHooks()
await registerLoader()
process.on('exit', end)

async function registerLoader(): Promise<void> {
  const data = { include: options.include, exclude: options.exclude }
  const { registerHooks } = module as Loader // of Node 22.15 and later
  const { initialize, loadSync, compileScripts } = (await import(loader)) as LoadHooks
  initialize(data)
  compileScripts()
  if (registerHooks === undefined) module.register(loader, { data })
  else registerHooks({ load: loadSync })
}

function report({ message, accesses, place }: RaceError): void {
  if (options.ignore.has(place)) return void unused.delete(place)
  found++
  const stacks = options.stacks ? accesses.map(stackText).join('') : ''
  const text = `${message}${stacks}`
  say(`RACE: ${text.replaceAll(/(?:file:\/\/)?(\/[^\s():]+)/g, (_, path: string) => relativeTo(path))}\n\n`)
  if (options.halt) process.exit(options.exitcode)
}

/** The frames of the program. */
function stackText({ did, goroutine, stack }: RaceAccess): string {
  const own = new URL(import.meta.url.endsWith('/race.js') ? './' : '../../', import.meta.url).href
  const frames = stack?.split('\n').slice(1) ?? []
  const ofProgram = frames.filter((frame) => !frame.includes(own) && !frame.includes('(node:') && !frame.includes('at node:'))
  return ofProgram.length === 0 ? '' : `\n  stack of ${goroutine}, ${did}:\n${ofProgram.join('\n')}`
}

/** Files of the program are named from the working directory. */
function relativeTo(path: string): string {
  const from = `${process.cwd()}/`
  return path.startsWith(from) ? path.slice(from.length) : path
}

function end(): void {
  engine.takeRaces() // the last sections are judged
  for (const { file, line, why } of unusedAllowances()) say(`race-ok is not used: ${file}:${line} (${why})\n`)
  for (const [place, why] of unused) say(`ignore is not used: ${place} (${why})\n`)
  if (found === 0) return
  say(`Found ${found} ${found === 1 ? 'race' : 'races'}.\n`)
  process.exitCode = options.exitcode
}

function say(text: string): void {
  if (options.log === null) writeAll(Buffer.from(text))
  else appendFileSync(options.log, text)
}

/** A pipe whose reader is slow takes a part, or nothing; the next report may come in the same section, so that this one is waited for. */
function writeAll(bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(process.stderr.fd, bytes, written)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException // of the host
      if (code === 'EPIPE') return // nobody reads: the exit code says that there are races
      if (code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1) // a pause of 1 ms
    }
  }
}
