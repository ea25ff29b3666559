/**
 * The fetcher with its look at the pages in two other processes, of which one is killed with -9 meanwhile; beside it the fetcher
 * in one process. Starts a NATS server, unless it is given one: `npm run scale -- nats://HOST:PORT`. Status 0: both have the same results.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Context } from 'millrace'
import { main } from 'millrace/node'
import { UsageError, complain } from './errors.js'
import { startNatsServer } from './nats-server.js'
import { startSite } from './site.js'

/** Pages of the worker that is killed, before the page that it keeps. */
const BEFORE_KILL = 20
const LIMITS = ['--rate', '100', '--concurrency', '16', '--request-timeout', '10s', '--timeout', '2m']

main(async (ctx) => {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-scale-'))
  try {
    return await scale(ctx, folder, process.argv[2])
  } catch (error) {
    return complain(error)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

async function scale(ctx: Context, folder: string, given: string | undefined): Promise<number> {
  await using own = given === undefined ? await startNatsServer() : undefined
  const server = own?.url ?? String(given)
  print(`${server}: ${own === undefined ? 'a server that was there' : 'a server of its own'}`)
  await using site = await startSite()
  const urls = join(folder, 'urls.txt')
  writeFileSync(urls, site.urls.join('\n'))

  using processes = new Processes(ctx)
  const workers = [processes.worker(1, server, String(BEFORE_KILL)), processes.worker(2, server)]
  await Promise.all(workers.map((worker) => worker.line('serves')))

  const fetched = ['here', 'elsewhere'].map((where) => join(folder, where))
  const runs = fetched.map((out, i) => processes.start('main.ts', urls, '--out', out, ...LIMITS, ...(i === 0 ? [] : ['--over', server])))
  const killed = workers[0]
  const over = Promise.all(runs.map((run) => run.succeeds()))
  if ((await Promise.race([killed.line('keeps'), over])) === true) {
    killed.child.kill('SIGKILL')
    print(`worker 1 killed with -9 while it worked on ${killed.lines.at(-2)}`)
    workers.push(processes.worker(3, server))
  }
  await over
  for (const worker of workers.slice(1)) await worker.drains()
  return report(site.urls, workers, fetched)
}

function report(urls: readonly string[], workers: readonly Running[], fetched: readonly string[]): number {
  const begun = workers.map(({ lines }) => lines.filter((line) => urls.includes(line)))
  const twice = urls.filter((url) => begun.flat().filter((one) => one === url).length > 1)
  print(`pages begun by each worker: ${begun.map(({ length }) => length).join(', ')}`)
  print(
    `${twice.length} ${twice.length === 1 ? 'page was' : 'pages were'} delivered again: ${twice.map((url) => new URL(url).pathname).join(' ')}`,
  )
  const [here, elsewhere] = fetched.map(resultsIn)
  if (here.length !== urls.length || here.join() !== elsewhere.join()) {
    const other = here.filter((line, i) => line !== elsewhere[i])
    print(`DIFFERENT results: ${here.length} in one process, ${elsewhere.length} with the workers; first ${other[0]}`)
    return 1
  }
  print(`same ${here.length} results as in one process`)
  return 0
}

/** The lines without the times, in one order. */
function resultsIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.map((line) => line.replace(/"ms":\d+,/, '')).sort()
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** A program of this folder in a process of its own. */
class Running {
  readonly lines: string[] = []
  readonly #waiting = new Map<string, () => void>()
  readonly ended: Promise<unknown>
  #stderr = ''

  constructor(
    readonly name: string,
    readonly child: ChildProcess,
  ) {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.lines.push(line)
      this.#waiting.get(line)?.()
    })
    child.stderr?.on('data', (text: Buffer) => (this.#stderr += text.toString()))
    this.ended = once(child, 'close').then(([code, signal]: unknown[]) => code ?? signal)
  }

  /** Completes with true when the process has printed the line; throws where it ends before. */
  line(text: string): Promise<true> {
    const printed = new Promise<void>((resolve) => this.#waiting.set(text, resolve))
    return Promise.race([printed.then(() => true as const), this.ended.then((end) => this.#failed(end))])
  }

  async succeeds(): Promise<void> {
    const end = await this.ended
    if (end !== 0) this.#failed(end)
  }

  /** As a deployment ends a worker: what it has begun, it ends. */
  async drains(): Promise<void> {
    this.child.kill('SIGTERM')
    const end = await this.ended
    if (end !== 143) this.#failed(end)
  }

  #failed(end: unknown): never {
    throw new UsageError(`${this.name} ended with ${String(end)}: ${this.#stderr.trim()}`)
  }
}

/** They end with this program. */
class Processes {
  readonly #all: ChildProcess[] = []

  constructor(ctx: Context) {
    ctx.signal.addEventListener('abort', () => this[Symbol.dispose]())
  }

  worker(n: number, server: string, ...args: readonly string[]): Running {
    const worker = this.start('worker.ts', server, ...args)
    print(`worker ${n}: process ${worker.child.pid}`)
    return worker
  }

  start(file: string, ...args: readonly string[]): Running {
    const path = fileURLToPath(new URL(file, import.meta.url))
    const child = spawn(process.execPath, [...process.execArgv, path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#all.push(child)
    return new Running(file, child)
  }

  [Symbol.dispose](): void {
    for (const child of this.#all) child.kill('SIGKILL')
  }
}
