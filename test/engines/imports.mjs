// The built package on an engine: every entry is imported, its exports are those of test/api/exports.json, and a goroutine runs. In Chromium
// through a bundle of Vite, without the entries of Node and of Vite itself, and that of Kafka,
// whose client needs modules of Node.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { readJson, root } from '../../scripts/entries.mjs'

const inRoot = (path) => fileURLToPath(new URL(path, root))
const exported = Object.entries(readJson('test/api/exports.json'))
const OK = 'every entry has its exports'

/** Throws an Error that says which entry fails. Needs `npm run build`. */
export async function importAll(engine, { file, args, env }) {
  if (!existsSync(inRoot('dist/index.js'))) throw new Error('the built package was not imported: run `npm run build` first')
  const folder = mkdtempSync(join(tmpdir(), 'millrace-imports-'))
  try {
    install(folder)
    const isBrowser = engine === 'chromium'
    writeFileSync(join(folder, 'imports.mjs'), program(exported.filter(([specifier]) => !isBrowser || !isOfNode(specifier))))
    const output = isBrowser ? await inChromium(folder, env.CHROMIUM) : run(file, [...args, 'imports.mjs'], folder)
    if (!output.includes(OK)) throw new Error(`the built package: ${output.trim().slice(-2000)}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const isOfNode = (specifier) => /^millrace\/(node|vite|kafka)\b/.test(specifier)

/** The package as npm installs it, beside its peers. */
function install(folder) {
  const { peerDependencies, version } = readJson('package.json')
  const dependencies = { millrace: version, ...peerDependencies }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'imports', private: true, type: 'module', dependencies }))
  mkdirSync(join(folder, 'node_modules/millrace'), { recursive: true })
  for (const path of ['package.json', 'dist']) symlinkSync(inRoot(path), join(folder, 'node_modules/millrace', path))
  for (const peer of Object.keys(peerDependencies)) {
    const link = join(folder, 'node_modules', peer)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(inRoot(`node_modules/${peer}`), link)
  }
}

/** A program without top-level await, since its bundle is a classic script. */
function program(entries) {
  return `${entries.map(([specifier], i) => `import * as e${i} from '${specifier}'`).join('\n')}
const wrong = []
${entries.map(([specifier, names], i) => `check('${specifier}', e${i}, '${names.join()}')`).join('\n')}
function check(specifier, entry, names) {
  const found = Object.keys(entry).filter((name) => name !== 'default').sort().join()
  if (found !== names) wrong.push(specifier + ' exports ' + found)
}
function* sum() {
  const ch = e0.chan(1)
  yield* ch.send(40)
  yield* e0.sleep(1)
  return (yield* ch.receive()).value + 2
}
e0.go(sum).join().then(
  (value) => say(value === 42 && wrong.length === 0 ? '${OK}' : wrong.join('; ') + ' ' + value),
  (error) => say(String(error)),
)
function say(text) {
  if (typeof document === 'undefined') console.log(text)
  else document.body.textContent = text
}
`
}

async function inChromium(folder, chromium) {
  await build({
    root: folder,
    logLevel: 'error',
    configFile: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { lib: { entry: 'imports.mjs', formats: ['iife'], name: 'imports', fileName: () => 'imports.js' }, outDir: 'bundle' },
  })
  const page = join(folder, 'bundle/index.html')
  writeFileSync(page, '<!doctype html><body>nothing ran<script src="imports.js"></script></body>')
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    `--user-data-dir=${join(folder, 'profile')}`,
    '--virtual-time-budget=10000',
  ]
  return run(chromium, [...options, '--dump-dom', `file://${page}`], folder)
}

function run(file, args, cwd) {
  try {
    return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 })
  } catch (error) {
    return `${error.stdout}${error.stderr}${error.message}`
  }
}
