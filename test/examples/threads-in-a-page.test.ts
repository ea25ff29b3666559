// Threads of a page in headless Chromium: over Vite's development server and its build, and over bundles of esbuild. Without a
// Chromium this suite does not run, and says so.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'
import { build, createServer as createVite, type Plugin } from 'vite'
import { threads } from '../../src/adapters/vite/index.js'
import { afterAll, describe, expect, test } from 'vitest'
import { entries } from '../../scripts/entries.mjs'
import { chromium, openPage } from './chromium.js'

if (chromium === undefined)
  console.warn('threads in a page DID NOT RUN: install Chromium (Debian: apt-get install chromium), or set CHROMIUM to its path')

const repository = fileURLToPath(new URL('../..', import.meta.url))
const pages = join(repository, 'test/examples/pages')
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
const alias = entries.map(({ specifier, source }) => ({ find: new RegExp(`^${specifier}$`), replacement: join(repository, source) }))
const folder = mkdtempSync(join(tmpdir(), 'threads-in-a-page-'))
const servers: Server[] = []

afterAll(() => {
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Serves a folder; the address. */
async function serve(root: string): Promise<string> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://server')
    try {
      const file = readFileSync(join(root, pathname))
      response.writeHead(200, { ...headers, 'content-type': types[extname(pathname)] ?? 'text/plain' }).end(file)
    } catch {
      response.writeHead(404).end()
    }
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The results of a page, or the results so far of a page that does not come to its end. */
async function resultsOf(url: string): Promise<unknown> {
  await using page = await openPage(chromium as string, url) // the suite is skipped without
  const results = (): Promise<unknown> => page.evaluate('globalThis.results ?? { soFar: globalThis.soFar ?? null }')
  await expect.poll(results, { timeout: 100_000, interval: 50 }).not.toHaveProperty('soFar')
  return await results()
}

async function inDevelopment(name: string, isolated: boolean): Promise<unknown> {
  const vite = await createVite({
    root: pages,
    configFile: false,
    logLevel: 'error',
    resolve: { alias },
    plugins: [threads({ isolated })],
    cacheDir: join(folder, 'cache'),
    optimizeDeps: { include: ['rxjs'] },
    server: { host: '127.0.0.1', port: 0, hmr: false, fs: { strict: false } },
  })
  await vite.listen()
  try {
    return await resultsOf(`http://127.0.0.1:${(vite.httpServer?.address() as AddressInfo).port}/${name}.html`)
  } finally {
    await vite.close()
  }
}

async function built(name: string, plugins: readonly Plugin[] = []): Promise<unknown> {
  const outDir = join(folder, `${name}-${plugins.length}`)
  await build({
    root: pages,
    configFile: false,
    logLevel: 'error',
    resolve: { alias },
    plugins: [...plugins],
    build: { outDir, rollupOptions: { input: join(pages, `${name}.html`) } },
  })
  return resultsOf(`${await serve(outDir)}/${name}.html`)
}

type BundleOptions = Pick<Parameters<typeof bundle>[0], 'minify' | 'splitting' | 'define'>

async function bundled(name: string, options: BundleOptions): Promise<unknown> {
  const outdir = mkdtempSync(join(folder, 'esbuild-'))
  const paths = Object.fromEntries(entries.map(({ specifier, source }) => [specifier, join(repository, source)]))
  await bundle({
    entryPoints: [join(pages, `${name}.ts`)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    outdir,
    logLevel: 'error',
    alias: paths,
    tsconfigRaw: {},
    ...options,
  })
  const html = `<!doctype html><script type="module" src="./${name}.js"></script>`
  writeFileSync(join(outdir, 'index.html'), html)
  return resultsOf(`${await serve(outdir)}/index.html`)
}

const right = {
  isolated: true,
  hash: 193375973,
  isWorker: true,
  pipeline: true,
  error: 'true,out of range,E_OWN,the cause',
  channel: '2,4,6',
  spin: 'ended',
  forever: 'DeadlineExceededError',
  lost: 1,
  after: 5381,
  leave: true,
  throwLater: expect.stringContaining('of a timer') as unknown,
  afterAll: 5381,
  threads: 0,
  warnings: [] as boolean[],
}

describe.skipIf(chromium === undefined)('threads of a page', { timeout: 120_000 }, () => {
  test('run over the development server of Vite', async () => {
    expect(await inDevelopment('apart', true)).toEqual(right)
  })

  test('run in a page that is not isolated, without shared memory', async () => {
    expect(await inDevelopment('apart', false)).toEqual({ ...right, isolated: false, warnings: [true] })
  })

  test('run in a build of Vite, where the module of the functions is imported by import()', async () => {
    expect(await built('apart')).toEqual(right)
  })

  test('run in a build of Vite with the plugin `threads`', async () => {
    expect(await built('together', [threads()])).toEqual(right)
  })

  test('name the cure where the module is part of the bundle of the page', async () => {
    expect(await built('together')).toMatch(
      /document is not defined .* which must not be part of the bundle of the page.*import\(.*threads\(\)/,
    )
  })

  test.each([{ minify: false }, { minify: true }])('run in one file of esbuild: %o', async (options) => {
    expect(await bundled('alone', options)).toEqual(right)
  })

  test('name the cure where a bundler puts the path of the source in the place of import.meta.url', async () => {
    const define = { 'import.meta': JSON.stringify({ url: 'file:///app/work.js' }) }
    expect(await bundled('alone', { define })).toMatch(/file:.*\/app\/work.js is no address that a page can load.*importMeta to false/)
  })

  test.each([{ splitting: true }, { splitting: true, minify: true }])('run in files of esbuild: %o', async (options) => {
    expect(await bundled('apart', options)).toEqual(right)
  })
})
