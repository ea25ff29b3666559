/** Runs a program in its own process, on the sources: for tests that end a process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const root = new URL('../..', import.meta.url)
/** ms after which a program that does not end is killed; its status is then 'SIGKILL'. */
const PATIENCE = 100_000

export interface Ended {
  readonly status: number | NodeJS.Signals
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
}

export function start(script: string, args: readonly string[] = []): { readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: root,
    env: { ...process.env, TSX_TSCONFIG_PATH: 'tsconfig.json' }, // maps our names to the sources
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const parts: string[] = []
    stream.setEncoding('utf8').on('data', (part: string) => parts.push(part))
    return () => parts.join('').split('\n').slice(0, -1)
  })
  const ended = once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => {
    return { status: code ?? signal ?? -1, stdout: stdout(), stderr: stderr() }
  })
  return { ended }
}
