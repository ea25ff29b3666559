/** The library with a fault in it: its sources with one text replaced, bundled and loaded beside the real one. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { Library } from './library.js'

/** In `file`, a path within src/runtime, `find` becomes `put`; it must be there exactly once. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly put: string
}

const runtime = fileURLToPath(new URL('../../src/runtime/', import.meta.url))
/** The run queue is one for the process; a mutant must not get the real one. */
const OWN_QUEUE = { file: 'scheduler/run-queue.ts', find: "'millrace.run-queue.v2'", put: "'millrace.run-queue.of-a-mutant'" }

/** `also` are further lines of the bundle's index: exports of other floors. */
export async function loadMutant<L extends Library = Library>(edits: readonly Edit[], also: readonly string[] = []): Promise<L> {
  const bundle = await build({
    stdin: { contents: ["export * from './index.js'", "export * from './internal.js'", ...also].join('\n'), resolveDir: runtime },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    plugins: [replacing([OWN_QUEUE, ...edits])],
  })
  const source = bundle.outputFiles[0].text.replaceAll('run-queue.of-a-mutant', `run-queue.of-mutant-${++made}`)
  const folder = await mkdtemp(join(tmpdir(), 'mutant-'))
  try {
    const file = join(folder, 'millrace.mjs')
    await writeFile(file, source)
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as L // as the sources say
  } finally {
    await rm(folder, { recursive: true })
  }
}
let made = 0

/** Rejects where an edit finds its text not exactly once in the sources. */
export async function checkFit(edits: readonly Edit[]): Promise<void> {
  const sources = new Map<string, string>()
  for (const edit of edits) {
    const source = sources.get(edit.file) ?? (await readFile(join(runtime, edit.file), 'utf8'))
    sources.set(edit.file, replaceOnce(source, edit))
  }
}

function replacing(edits: readonly Edit[]): Plugin {
  return {
    name: 'replacing',
    setup(bundling) {
      const left = new Set(edits)
      bundling.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        let contents = await readFile(path, 'utf8')
        for (const edit of edits.filter(({ file }) => file === relative(runtime, path))) {
          contents = replaceOnce(contents, edit)
          left.delete(edit)
        }
        return { contents, loader: 'ts' }
      })
      bundling.onEnd(() => {
        if (left.size > 0) throw new Error(`not part of the library: ${[...left].map(({ file }) => file).join(', ')}`)
      })
    },
  }
}

function replaceOnce(contents: string, { file, find, put }: Edit): string {
  const parts = contents.split(find)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times, where a fault needs it once: ${find}`)
  return parts.join(put)
}
