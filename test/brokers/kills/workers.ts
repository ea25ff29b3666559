/** Processes of workers. */
import { build } from 'esbuild'
import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { endWithUs } from '../processes.js'

const WASM = fileURLToPath(new URL('../../../node_modules/@platformatic/wasm-utils/dist/native.wasm', import.meta.url))
const bundles = new Map<string, Promise<string>>()
let folder: string | null = null

/** One bundle for all workers of a program: loading the sources takes ten times as long as running them. */
function bundled(program: string): Promise<string> {
  const known = bundles.get(program)
  if (known !== undefined) return known
  if (folder === null) {
    const made = (folder = mkdtempSync(join(tmpdir(), 'millrace-kills-')))
    process.once('exit', () => {
      rmSync(made, { recursive: true, force: true })
    })
  }
  cpSync(WASM, join(folder, 'dist/native.wasm')) // where the client of Kafka, as a part of the bundle, looks for it
  const outfile = join(folder, 'programs', `${program}.mjs`)
  const bundle = build({
    entryPoints: [fileURLToPath(new URL(`${program}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    banner: { js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url)" }, // clients are CommonJS
    external: ['pg-native'], // optional
    logLevel: 'error',
  }).then(() => outfile)
  bundles.set(program, bundle)
  return bundle
}

export class WorkerProcess {
  private _stderr = ''
  /** How often the worker has said each line. */
  private readonly _said = new Map<string, number>()
  private readonly _lines = new EventEmitter()
  readonly ended: Promise<number | NodeJS.Signals>

  constructor(private readonly _child: ChildProcess) {
    _child.stderr?.on('data', (text: Buffer) => (this._stderr += text.toString()))
    if (_child.stdout !== null)
      createInterface(_child.stdout).on('line', (line) => {
        this._said.set(line, this.says(line) + 1)
        this._lines.emit(`says ${line}`) // `error` is an event of its own
      })
    this.ended = once(_child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => code ?? signal ?? -1)
    endWithUs(_child)
  }

  /** Resolves when the worker has said so. */
  static async begins(program: string, settings: object, namespace: string | null = null): Promise<WorkerProcess> {
    const within = namespace === null ? [] : ['ip', 'netns', 'exec', namespace]
    const [file, ...args] = [...within, process.execPath, await bundled(program), JSON.stringify(settings)]
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const worker = new WorkerProcess(child)
    await Promise.race([once(child.stdout, 'data'), worker.ended.then((end) => worker._tooEarly(end))])
    return worker
  }

  private _tooEarly(end: number | NodeJS.Signals): never {
    throw new Error(`a worker ended with ${end}: ${this._stderr}`)
  }

  signal(signal: NodeJS.Signals): void {
    this._child.kill(signal)
  }

  get stderr(): string {
    return this._stderr
  }

  /** How often the worker has said this line. */
  says(line: string): number {
    return this._said.get(line) ?? 0
  }

  /** Whether the worker says this line within so many ms from now. */
  async saysWithin(ms: number, line: string): Promise<boolean> {
    try {
      await once(this._lines, `says ${line}`, { signal: AbortSignal.timeout(ms) })
      return true
    } catch {
      return false
    }
  }

  get hasEnded(): boolean {
    return this._child.exitCode !== null || this._child.signalCode !== null
  }

  /** What a worker that runs has said, its errors, and its goroutines. */
  async dump(): Promise<string> {
    this.signal('SIGQUIT')
    await pause(1000) // for the dump
    return `worker ${this._child.pid} has said ${JSON.stringify([...this._said])}: ${this._stderr}`
  }

  /** Ends the worker, and waits until it has. Returns its status. */
  async kill(): Promise<number | NodeJS.Signals> {
    this.signal('SIGKILL')
    return this.ended
  }

  /** As a deployment ends a worker: the intake ends, and what is under way is settled. */
  async drain(): Promise<void> {
    this.signal('SIGTERM')
    const end = await this.ended
    if (end !== 143) throw new Error(`a worker that was drained ended with ${end}: ${this._stderr}`)
  }
}
