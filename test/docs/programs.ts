/** Runs programs as processes of their own, on the sources: bundled together, since that takes as long as one of them alone. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { entries, root } from '../../scripts/entries.mjs'

export interface Source {
  /** Shown where it cannot be built. */
  readonly place: string
  readonly code: string
}

/** ms that a program may take: they do next to nothing, on a machine that may have other things to do. */
const LONGEST = 30_000

export interface Ended {
  /** The exit status, or the signal that killed it. */
  readonly status: number | string
  readonly stdout: string
  readonly stderr: string
}

export class Programs implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))

  async build(sources: readonly Source[]): Promise<void> {
    await build({
      entryPoints: sources.map(({ place }) => ({ in: `program:${place}`, out: nameOf(place) })),
      plugins: [sourcesOnly(sources)],
      outdir: this.#folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      target: 'es2022', // `using` is lowered: Node 20 does not parse it
      keepNames: true,
      logLevel: 'silent', // a failure is thrown
    })
  }

  /** Ends it after so many ms of its own time. */
  run(place: string, ms = Infinity): Promise<Ended> {
    // Without the options and colours of the runner: what comes is compared.
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: undefined, PLAYGROUND_MS: String(ms) }
    return new Promise((resolve) => {
      execFile(process.execPath, [join(this.#folder, `${nameOf(place)}.mjs`)], { env, timeout: LONGEST }, (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : (error.code ?? error.signal ?? -1), stdout, stderr })
      })
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

function nameOf(place: string): string {
  return place.replaceAll(/\W+/g, '-')
}

/** Finds the programs, and our own entry points among the sources; each program begins on the clock of the playground. */
function sourcesOnly(sources: readonly Source[]): Plugin {
  const resolveDir = fileURLToPath(root)
  return {
    name: 'sources',
    setup(build) {
      build.onResolve({ filter: /^program:/ }, ({ path }) => ({ path: path.slice('program:'.length), namespace: 'program' }))
      build.onLoad({ filter: /./, namespace: 'program' }, ({ path }) => {
        const { code } = sources.find(({ place }) => place === path) ?? { code: 'throw new Error("no such program")' }
        return { contents: `import 'playground'; ${code}`, loader: 'ts', resolveDir }
      })
      const playground = fileURLToPath(new URL('playground.ts', import.meta.url))
      build.onResolve({ filter: /^playground$/ }, () => ({ path: playground, sideEffects: true })) // our package has none, it says
      build.onResolve({ filter: /^millrace(\/|$)/ }, ({ path }) => {
        const entry = entries.find(({ specifier }) => specifier === path)
        return entry === undefined ? { errors: [{ text: `no entry point: ${path}` }] } : { path: join(resolveDir, entry.source) }
      })
    },
  }
}
