/** Runs one of `programs/` as a process of its own, on the sources. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll } from 'vitest'

export interface Ended {
  /** The exit status, or the signal that killed it. */
  readonly status: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
  /** ms from the start of the process to its end. */
  readonly ms: number
}

export interface Program {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves to all of stdout when it contains the text; rejects when the program ends without it. */
  said(text: string): Promise<string>
}

export function start(name: string, ...args: readonly string[]): Promise<Program> {
  return startWith({}, name, ...args)
}

/** With options of Node, or a limit of open descriptors. */
export async function startWith(
  { flags = [], descriptors }: { readonly flags?: readonly string[]; readonly descriptors?: number },
  name: string,
  ...args: readonly string[]
): Promise<Program> {
  const script = await bundled(name)
  const started = performance.now()
  // Without the options and colors of the test runner, since tests compare stderr.
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: undefined }
  const limit = descriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${descriptors} && exec "$0" "$@"`]
  const [file, ...rest] = [...limit, process.execPath, ...host, ...flags, script, ...args]
  const child = spawn(file, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const ended = once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => {
    return { status: code ?? signal ?? -1, stdout: stdout.text, stderr: stderr.text, ms: performance.now() - started }
  })
  const said = async (text: string): Promise<string> => {
    while (!stdout.text.includes(text)) {
      const end = await Promise.race([ended, once(child.stdout, 'data')])
      if ('status' in end && !stdout.text.includes(text)) throw new Error(`ended without ${JSON.stringify(text)}: ${JSON.stringify(end)}`)
    }
    return stdout.text
  }
  return { process: child, ended, said }
}

export async function run(name: string, ...args: readonly string[]): Promise<Ended> {
  return (await start(name, ...args)).ended
}

/** The options with which this engine runs a file. */
const host = 'Deno' in globalThis ? ['run', '-A'] : 'Bun' in globalThis ? [] : ['--enable-source-maps']

const folder = mkdtempSync(join(tmpdir(), 'millrace-programs-'))
afterAll(() => rmSync(folder, { recursive: true }))

const bundles = new Map<string, Promise<string>>()

/** One bundle for each program, made once: loading the sources takes ten times as long as running them. */
function bundled(name: string): Promise<string> {
  const known = bundles.get(name)
  if (known !== undefined) return known
  const outfile = join(folder, `${name}.mjs`)
  const made = build({
    entryPoints: [fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    keepNames: true,
    sourcemap: 'inline',
    logLevel: 'warning',
  }).then(() => outfile)
  bundles.set(name, made)
  return made
}

function collect(stream: NodeJS.ReadableStream): { text: string } {
  const all = { text: '' }
  stream.setEncoding('utf8').on('data', (chunk: string) => (all.text += chunk))
  return all
}
