// Threads in bundles: programs/threads, built for Node and for a page, which runs in headless Chromium. Where Chromium is not installed, the
// pages are built and do not run, and the check says so.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { delimiter, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { pathToFileURL } from 'node:url'
import { compile, loader } from './bundles.mjs'
import { expected } from './programs/threads/expected.mjs'

const chromium = process.env.CHROMIUM ?? onPath('chromium', 'chromium-browser', 'google-chrome')
const patience = 300_000

/** By these settings `import.meta.url` is the address of the bundle. */
const ownAddress = { module: { parser: { javascript: { importMeta: false } } } }

/** Each writes a folder with `bundle.mjs`: the whole program, or the page beside other files. */
const forNode = {
  webpack: async (load, options) => compile(await load('webpack'), options, ownAddress),
  Rspack: async (load, options) => compile((await load('@rspack/core')).rspack, options, ownAddress),
}
const forPages = {
  webpack: {
    entry: 'guarded.js',
    bundle: async (load, options) => compile(await load('webpack'), options, { ...ownAddress, target: 'web' }),
  },
  Rspack: {
    entry: 'guarded.js',
    bundle: async (load, options) => compile((await load('@rspack/core')).rspack, options, { ...ownAddress, target: 'web' }),
  },
  Vite: { entry: 'page.js', bundle: withVite },
  Rollup: { entry: 'page.js', bundle: withRollup },
}

/** @param {{ tools: string, app: string }} where the tools and the packed package are installed */
export function threadChecks({ tools, app }) {
  const load = loader(tools)
  const entryOf = (file) => join(app, 'threads', file)
  const folderOf = (name) => {
    mkdirSync(join(app, 'built'), { recursive: true })
    return mkdtempSync(join(app, 'built', `${name}-`))
  }
  const programs = Object.entries(forNode).map(([consumer, bundle]) => ({
    consumer,
    check: 'threads in Node',
    async run() {
      const folder = folderOf(consumer)
      await bundle(load, { entry: entryOf('program.js'), folder, minify: true })
      const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'bundle.mjs')], { timeout: patience })
      compare(JSON.parse(stdout))
    },
  }))
  const pages = Object.entries(forPages).map(([consumer, { entry, bundle }]) => ({
    consumer,
    check: 'threads in a page',
    async run() {
      const folder = folderOf(consumer)
      await bundle(load, { entry: entryOf(entry), folder, minify: true, app })
      writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="./bundle.mjs"></script>')
      if (chromium === undefined) console.warn(`${consumer}, threads in a page: built, DID NOT RUN: install Chromium, or set CHROMIUM`)
      else compare(await resultsOf(folder))
    },
  }))
  return [...programs, ...pages]
}

async function withVite(load, { entry, folder, minify, app }) {
  const { build } = await load('vite')
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    plugins: [await threadsPlugin(app)],
    build: {
      outDir: folder,
      emptyOutDir: false,
      minify,
      rollupOptions: { input: entry, output: { entryFileNames: ({ name }) => (name === 'page' ? 'bundle.mjs' : '[name].js') } },
    },
  })
}

async function withRollup(load, { entry, folder, app }) {
  const [{ rollup }, resolve, terser] = await Promise.all([
    load('rollup'),
    load('@rollup/plugin-node-resolve'),
    load('@rollup/plugin-terser'),
  ])
  const bundle = await rollup({ input: entry, plugins: [await threadsPlugin(app), resolve({ browser: true })] })
  const entryFileNames = ({ name }) => (name === 'page' ? 'bundle.mjs' : '[name].js')
  await bundle.write({ dir: folder, entryFileNames, plugins: [terser()] })
  await bundle.close()
}

/** The plugin of the packed package. */
async function threadsPlugin(app) {
  const { threads } = await import(pathToFileURL(join(app, 'node_modules/millrace/dist/vite.js')).href)
  return threads()
}

/** What the page sends, which is served so that it shares memory with its threads. */
async function resultsOf(folder) {
  const { promise, resolve, reject } = settlers()
  const server = createServer((request, response) => answer(folder, request, response, resolve))
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const profile = mkdtempSync(join(folder, 'profile-'))
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-breakpad',
    `--user-data-dir=${profile}`,
  ]
  const browser = spawn(chromium, [...args, '--remote-debugging-port=0', `http://127.0.0.1:${server.address().port}/index.html`], {
    stdio: 'ignore',
    detached: true, // a group of its own: its processes end together, and write nothing into the profile after that
  })
  const ended = new Promise((closed) => browser.on('close', closed))
  browser.on('error', reject)
  browser.on('close', (code) => reject(new Error(`Chromium ended with ${code}`)))
  const late = setTimeout(() => reject(new Error(`the page has sent nothing in ${patience / 1000} s`)), patience)
  try {
    return await promise
  } finally {
    clearTimeout(late)
    endGroup(browser.pid)
    await ended
    server.close()
    server.closeAllConnections()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  }
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // it has ended, or never began
  }
}

function answer(folder, request, response, received) {
  if (request.method === 'POST') {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => received(JSON.parse(body)) ?? response.end())
    return
  }
  const file = join(folder, new URL(request.url, 'http://server').pathname)
  if (!existsSync(file)) return void response.writeHead(404).end()
  response.writeHead(200, {
    'content-type': extname(file) === '.html' ? 'text/html' : 'text/javascript',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  })
  response.end(readFileSync(file))
}

function settlers() {
  let resolve, reject
  const promise = new Promise((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}

function compare(results) {
  const [seen, right] = [results, expected].map((value) => JSON.stringify(value))
  if (seen !== right) throw new Error(`the bundle computes\n${seen}\ninstead of\n${right}`)
}

function onPath(...names) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file))
}
