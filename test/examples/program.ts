/** Runs an example as a user would: a process of its own, on the built package. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const root = new URL('../..', import.meta.url)

export interface Ended {
  /** The exit status, or the signal that killed it. */
  readonly status: number | NodeJS.Signals
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
  /** ms from the start of the process to its end. */
  readonly ms: number
}

export interface Program {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
}

export function start(script: string, args: readonly string[] = [], options: { input?: string; node?: readonly string[] } = {}): Program {
  const started = performance.now()
  const child = spawn(process.execPath, [...(options.node ?? []), '--import', 'tsx', script, ...args], {
    cwd: root,
    timeout: 50_000, // does not outlive a test that fails
    killSignal: 'SIGKILL',
    // tsconfig.json maps our names to the sources; this one does not, so that they lead to dist.
    env: { ...process.env, TSX_TSCONFIG_PATH: 'tsconfig.build.json' },
  })
  const stdout = linesOf(child.stdout)
  const stderr = linesOf(child.stderr)
  if (options.input !== undefined) child.stdin.end(options.input)

  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ status: code ?? signal ?? -1, stdout, stderr, ms: performance.now() - started }))
  })
  return { process: child, ended }
}

/** Lines as they come; the array grows until the stream ends. */
function linesOf(input: NodeJS.ReadableStream): string[] {
  const lines: string[] = []
  createInterface({ input }).on('line', (line) => lines.push(line))
  return lines
}
