/**
 * The sources as Node loads them: each file compiled, and imported as a module of its own. In vitest's own modules a name costs a getter for
 * each file that passes it on, and every process fetches 300 files one by one; natively the suites take a quarter less.
 *
 * A suite that mocks a module of the sources, or loads them again, needs vitest's modules. It gets them, with all that it imports.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { build } from 'esbuild'
import type { Plugin } from 'vitest/config'

const NEEDS_VITEST = /\bvi\.(mock|doMock|resetModules)\(/
/** Marks a module that such a suite imports. */
const MARK = '?within-vitest'

export function nativeSources(root: string, target: string): Plugin {
  const [sources = '', tests = '', compiled = ''] = ['src', 'test', 'reports/sources'].map((folder) => `${resolve(root, folder)}/`)
  const isWithin = (importer: string) =>
    importer.startsWith(sources) || importer.endsWith(MARK) || NEEDS_VITEST.test(readFileSync(importer, 'utf8'))
  let isWatching = false

  return {
    name: 'native sources',
    enforce: 'pre',
    configureVitest({ vitest }) {
      isWatching = vitest.config.watch // Node would not load a file again
    },
    async buildStart() {
      await compile(sources, compiled, target)
    },
    async resolveId(name, importer, options) {
      if (importer === undefined || isWatching || !(importer.startsWith(tests) || importer.startsWith(sources))) return null
      const found = await this.resolve(name, importer, { ...options, skipSelf: true })
      if (found === null) return null
      if (isWithin(importer)) return found.id.startsWith(tests) ? found.id + MARK : found
      return found.id.startsWith(sources) ? { id: compiled + relative(sources, found.id).replace(/ts$/, 'js'), external: true } : found
    },
  }
}

/** Compiles the sources for a configuration that imports a plugin of them. */
export async function compileSources(root: string, target: string): Promise<void> {
  await compile(`${resolve(root, 'src')}/`, `${resolve(root, 'reports/sources')}/`, target)
}

/** Another run may be loading the files: what is as it was stays, and the rest is replaced as a whole. */
async function compile(from: string, to: string, target: string): Promise<void> {
  const files = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const entryPoints = files.map((file) => join(from, file))
  const { outputFiles } = await build({
    entryPoints,
    outdir: to,
    outbase: from,
    target,
    format: 'esm',
    sourcemap: 'linked',
    write: false,
  })
  for (const { path, text } of outputFiles) {
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.${process.pid}`, text)
    renameSync(`${path}.${process.pid}`, path)
  }
}
