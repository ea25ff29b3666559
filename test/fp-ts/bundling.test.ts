// The entry loads in Node as ES modules, with fp-ts beside it, and in bundles that include fp-ts.
import { build as esbuild, type BuildOptions } from 'esbuild'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build as vite } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { entries, root } from '../../scripts/entries.mjs'

const program = fileURLToPath(new URL('programs/every-export.ts', import.meta.url))
const printed = 'None ODD 1, ODD 3, 10, ODD 5, ODD 3, ODD 7\n'

let folder: string
beforeAll(() => {
  const reports = fileURLToPath(new URL('reports/', root)) // inside the repository: fp-ts is found from there
  mkdirSync(reports, { recursive: true })
  folder = mkdtempSync(join(reports, 'load-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function run(file: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file])
  expect(stderr).toBe('')
  return stdout
}

async function bundled(name: string, options: BuildOptions): Promise<string> {
  const file = join(folder, name)
  const tsconfig = fileURLToPath(new URL('tsconfig.json', root)) // the repository's own, whatever a parent folder has
  const { warnings } = await esbuild({
    entryPoints: [program],
    outfile: file,
    bundle: true,
    format: 'esm',
    logLevel: 'silent',
    tsconfig,
    ...options,
  })
  expect(warnings).toEqual([])
  return file
}

it('Node loads it as ES modules, and of fp-ts only what its ES modules can load', async () => {
  const file = await bundled('node.mjs', { platform: 'node', external: ['rxjs', 'fp-ts/*'], target: 'node20' })
  const imported = [...readFileSync(file, 'utf8').matchAll(/^} from "(.*)";$|^import .* from "(.*)";$/gm)].map(([, a, b]) => a ?? b)
  expect(imported).toContain('fp-ts/lib/Functor.js')
  for (const specifier of imported) expect(specifier).toMatch(/^(rxjs|fp-ts\/lib\/\w+\.js)$/)
  expect(await run(file)).toBe(printed)
})

it.each(['browser', 'neutral'] as const)('esbuild bundles it, platform %s', async (platform) => {
  const file = await bundled(`${platform}.mjs`, { platform, mainFields: ['module', 'main'], conditions: ['import'], target: 'es2022' })
  expect(await run(file)).toBe(printed)
})

it('Vite bundles it', async () => {
  const alias = entries.map(({ specifier, source }) => ({
    find: new RegExp(`^${specifier}$`),
    replacement: fileURLToPath(new URL(source, root)),
  }))
  await vite({
    configFile: false,
    logLevel: 'silent',
    resolve: { alias },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry: program, formats: ['es'], fileName: 'vite' },
      rollupOptions: { output: { entryFileNames: 'vite.mjs' } },
    },
  })
  expect(await run(join(folder, 'vite.mjs'))).toBe(printed)
})
