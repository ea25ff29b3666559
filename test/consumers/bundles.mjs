// The bundlers: each builds programs/bundled.js for Node, plain and minified, and the bundle runs.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Each is given the tools' loader and `{ entry, folder, minify }`, and writes `<folder>/bundle.mjs`. */
const bundlers = { esbuild: withEsbuild, Vite: withVite, Rollup: withRollup, webpack: withWebpack, Rspack: withRspack }

/** @param {{ tools: string, app: string, expected: string }} where the tools and the packed package are installed, and what the program prints */
export function bundleChecks({ tools, app, expected }) {
  const load = loader(tools)
  return Object.entries(bundlers).flatMap(([name, bundle]) =>
    [false, true].map((minify) => ({
      consumer: name,
      check: minify ? 'minified' : 'plain',
      async run() {
        const folder = join(app, `${name}-${minify ? 'minified' : 'plain'}`)
        mkdirSync(folder)
        await bundle(load, { entry: join(app, 'bundled.js'), folder, minify })
        const { stdout } = await run(process.execPath, [join(folder, 'bundle.mjs')], { timeout: 60_000 })
        if (stdout !== expected) throw new Error(`the bundle prints\n${stdout}\ninstead of\n${expected}`)
      },
    })),
  )
}

/** The program as Node runs it, without a bundler. */
export async function expectedOutput(app) {
  return (await run(process.execPath, [join(app, 'bundled.js')], { timeout: 60_000 })).stdout
}

/** Imports a package as a module of the tools' folder would. */
export function loader(tools) {
  const require = createRequire(join(tools, 'package.json'))
  return async (name) => {
    const module = await import(pathToFileURL(require.resolve(name)).href)
    return module.default ?? module
  }
}

async function withEsbuild(load, { entry, folder, minify }) {
  const { build } = await load('esbuild')
  await build({
    entryPoints: [entry],
    outfile: join(folder, 'bundle.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify,
    logLevel: 'silent',
  })
}

async function withRollup(load, { entry, folder, minify }) {
  const [{ rollup }, resolve, commonjs, terser] = await Promise.all([
    load('rollup'),
    load('@rollup/plugin-node-resolve'),
    load('@rollup/plugin-commonjs'), // fp-ts/lib
    load('@rollup/plugin-terser'),
  ])
  const bundle = await rollup({ input: entry, plugins: [resolve(), commonjs()], external: /^node:/, onwarn: failOnWarning })
  await bundle.write({ file: join(folder, 'bundle.mjs'), inlineDynamicImports: true, plugins: minify ? [terser()] : [] })
  await bundle.close()
}

async function withVite(load, { entry, folder, minify }) {
  const { build } = await load('vite')
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: { ssr: entry, minify, outDir: folder, emptyOutDir: false, rollupOptions: { output: { entryFileNames: 'bundle.mjs' } } },
  })
}

async function withWebpack(load, options) {
  await compile(await load('webpack'), options)
}

async function withRspack(load, options) {
  const { rspack } = await load('@rspack/core')
  await compile(rspack, options)
}

/** webpack's configuration, which Rspack shares. */
export async function compile(webpack, { entry, folder, minify }, more = {}) {
  const compiler = webpack({
    mode: minify ? 'production' : 'development',
    devtool: false,
    target: 'node20',
    context: folder,
    entry,
    experiments: { outputModule: true },
    output: { path: folder, filename: 'bundle.mjs', module: true, chunkFormat: 'module' },
    ...more,
  })
  const stats = await promisify(compiler.run.bind(compiler))()
  await promisify(compiler.close.bind(compiler))()
  writeFileSync(join(folder, 'stats.txt'), stats.toString())
  if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString({ all: false, errors: true, warnings: true }))
}

function failOnWarning({ message }) {
  throw new Error(message)
}
