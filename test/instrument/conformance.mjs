// The tests of the language (tc39/test262), instrumented and plain: each must end the same way.
//
//   TEST262=<a checkout> npm run conformance [-- --sample 2000] [--only <part of a path>] [--all]
//
// The suite is not part of this repository, so without TEST262 nothing runs, and that is said.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import vm from 'node:vm'
import { instrument } from '../../src/instrument/index.js'
import { makeHooks } from './hooks.mjs'

const root = process.env.TEST262
if (root === undefined || !existsSync(join(root, 'harness'))) {
  console.log('conformance: DID NOT RUN. Set TEST262 to a checkout of the tests of the language (tc39/test262).')
  process.exit(0)
}
const key = 'millrace.test.hooks'
const hooks = { module: 'hooks', key }
const valueOf = (name) => process.argv[process.argv.indexOf(name) + 1]
const only = process.argv.includes('--only') ? valueOf('--only') : ''
const folder = ['test/language', 'language'].map((name) => join(root, name)).find((path) => existsSync(path))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.js') && !/_FIXTURE|(^|\/)(shell|browser)\.js$/.test(name) && name.includes(only))
  .sort()
const size =
  process.argv.includes('--all') || only !== '' ? files.length : Number(process.argv.includes('--sample') ? valueOf('--sample') : 2000)
const chosen = files.filter((_, index) => Math.floor((index * size) / files.length) !== Math.floor(((index - 1) * size) / files.length))

// What our text cannot leave as it is.
const excluded = [
  [/function-code\/.*toString|Function\/prototype\/toString/, 'the text of functions shows the hooks'],
  [/tail-?call|tco/, 'no engine of ours has tail calls'],
]

const counts = { same: 0, runs: 0, passed: 0, notInstrumented: 0, excluded: 0 }
const differences = []
process.on('unhandledRejection', () => {})
for (const file of chosen) await compare(file)
console.log(
  `${chosen.length} of ${files.length} files, ${counts.runs} runs (strict and sloppy): ${counts.same} end the same, ${differences.length} differ`,
)
console.log(
  `${counts.passed} runs pass plain; ${counts.notInstrumented} are refused by the parser and run as they are; ${counts.excluded} files excluded`,
)
for (const line of differences.slice(0, 60)) console.log(line)
process.exit(differences.length > 0 ? 1 : 0)

async function compare(file) {
  const source = readFileSync(join(folder, file), 'utf8')
  const meta = metaOf(source)
  if (excluded.some(([pattern]) => pattern.test(file)) || /noStrict.*raw/.test(meta.flags)) return void counts.excluded++
  const isModule = meta.flags.includes('module')
  const modes =
    isModule || meta.flags.includes('raw') || meta.flags.includes('noStrict')
      ? ['']
      : meta.flags.includes('onlyStrict')
        ? ['"use strict";']
        : ['', '"use strict";']
  for (const mode of modes) {
    const text = mode + source
    counts.runs++
    const plain = await outcome(text, meta, isModule, file)
    let code
    try {
      ;({ code } = instrument(text, file, { isScript: !isModule, hooks }))
    } catch (error) {
      if (!(error instanceof SyntaxError) || !('pos' in error)) {
        differences.push(`${file} ${mode}\n    ${error?.stack}`)
        continue
      }
      counts.notInstrumented++
      counts.same++
      continue
    }
    const seen = await outcome(code, meta, isModule, file)
    if (plain === 'passes') counts.passed++
    else if (process.env.SHOW) console.log(file, mode, plain)
    if (plain === seen) counts.same++
    else differences.push(`${file} ${mode}\n    plain: ${plain}\n    instrumented: ${seen}`)
  }
}

function metaOf(source) {
  const text = /\/\*---([^]*?)---\*\//.exec(source)?.[1] ?? ''
  const list = (name) =>
    (new RegExp(`${name}:\\s*\\[([^\\]]*)\\]`).exec(text)?.[1] ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean)
  const lines = /includes:\s*\n((?:\s*- .*\n)+)/.exec(text)?.[1] ?? ''
  return { flags: list('flags').join(' '), includes: [...list('includes'), ...[...lines.matchAll(/- (\S+)/g)].map(([, name]) => name)] }
}

/** The files that a test builds on. A copy in the layout of SpiderMonkey has them as the file shell.js of each folder. */
function harnessOf(file, meta) {
  const named = ['assert.js', 'sta.js', ...meta.includes].map((name) => join(root, 'harness', name))
  if (existsSync(named[0])) return named
  const folders = relative(root, join(folder, file)).split('/').slice(0, -1)
  return folders
    .reduce((paths, name) => [...paths, join(paths.at(-1), name)], [root])
    .map((path) => join(path, 'shell.js'))
    .filter((path) => existsSync(path))
}

/** `passes`, or the error that a test ends with. */
async function outcome(text, meta, isModule, file) {
  let told = null
  const context = vm.createContext({ print: (line) => (told ??= String(line)), setTimeout })
  const run = (code, name) => new vm.Script(code, { filename: name }).runInContext(context, { timeout: 5000 })
  try {
    run(
      'var window = globalThis, reportCompare = () => {}, $DONE = (error) => print(error === undefined ? "done" : `${error?.name}: ${error?.message}`)',
      'host',
    )
    run(
      'globalThis.$262 = { global: globalThis, evalScript: (code) => (0, eval)(code), gc() {}, createRealm() { throw new Error("no realm") } }',
      'host',
    )
    if (!meta.flags.includes('raw'))
      for (const path of harnessOf(file, meta)) run(readFileSync(path, 'utf8').split('// file: test262-host.js')[0], path)
    run(`Object.defineProperty(globalThis, Symbol.for("${key}"), { value: (${makeHooks})(), configurable: true })`, 'hooks')
    if (isModule) await runModule(text, context, file)
    else run(text, 'test')
    if (meta.flags.includes('async')) {
      for (let turns = 0; told === null && turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve))
      if (told !== 'done') return `async: ${told}`
    }
    return 'passes'
  } catch (error) {
    return `${error?.constructor?.name ?? error}: ${String(error?.message).split('\n')[0]}`
  }
}

async function runModule(text, context, file) {
  const modules = new Map()
  const load = (path, code) => {
    if (!modules.has(path))
      modules.set(
        path,
        new vm.SourceTextModule(code ?? readFileSync(path, 'utf8'), { context, identifier: path, importModuleDynamically: link }),
      )
    return modules.get(path)
  }
  const link = async (name, from) => {
    if (name === hooks.module) {
      const value = vm.runInContext(`globalThis[Symbol.for("${key}")]`, context)
      return new vm.SyntheticModule(
        ['hooks'],
        function () {
          this.setExport('hooks', value)
        },
        { context },
      )
    }
    return load(join(from.identifier, '..', name))
  }
  const module = load(join(folder, file), text)
  await module.link(link)
  await module.evaluate({ timeout: 5000 })
}
