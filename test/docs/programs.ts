/** Runs each program in its own process, on the sources. All are bundled together, which takes as long as one alone. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { entries, root } from '../../scripts/entries.mjs'

export interface Source {
  /** Named in the error if the build fails. */
  readonly place: string
  readonly code: string
}

/** ms that a program may take on a busy machine. */
const LONGEST = 100_000

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
      // A bundled package may call `require` for a module of Node.
      banner: { js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);" },
      logLevel: 'silent', // a failure is thrown
    })
  }

  /** Runs a program; it ends after `ms` of virtual time at the latest. */
  run(place: string, ms = Infinity): Promise<Ended> {
    // Without the runner's options and colors, since the output is compared.
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

/** Resolves the programs and the entry points of the package; each program imports the clock of the playground first. */
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
      build.onResolve({ filter: /^playground$/ }, () => ({ path: playground, sideEffects: true })) // package.json declares no side effects
      // CommonJS modules that require modules of Node, or packages that are not installed, and one that reads a file beside it: they are loaded as they are.
      const ws = new URL('node_modules/ws/wrapper.mjs', root).href
      build.onResolve({ filter: /^ws$/ }, () => ({ path: ws, external: true }))
      const { resolve } = createRequire(root)
      build.onResolve({ filter: /^(@nestjs\/core|@platformatic\/kafka|reflect-metadata)$/ }, ({ path }) => ({
        path: pathToFileURL(resolve(path)).href,
        external: true,
      }))
      build.onResolve({ filter: /^millrace(\/|$)/ }, ({ path }) => {
        const entry = entries.find(({ specifier }) => specifier === path)
        return entry === undefined ? { errors: [{ text: `no entry point: ${path}` }] } : { path: join(resolveDir, entry.source) }
      })
    },
  }
}
