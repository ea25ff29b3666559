// What the bundler leaves undone in dist/: the last step of `npm run build`.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { entries, root } from './entries.mjs'

const dist = new URL('dist/', root)
const files = readdirSync(dist)
const read = (file) => readFileSync(new URL(file, dist), 'utf8')
const write = (file, text) => writeFileSync(new URL(file, dist), text)

for (const file of files.filter((file) => file.endsWith('.d.ts'))) write(file, complete(read(file)))
for (const file of files.filter((file) => file.endsWith('.js.map'))) if (JSON.parse(read(file)).sources.length === 0) dropMap(file)
for (const { specifier, name } of entries) write(`${name}.cjs`, requireOf(specifier, name))

/**
 * Declarations that stand alone: a library compiled for ES2022, without DOM and without @types/node, has neither Disposable nor AbortSignal.
 * The empty interface adds nothing where the host's types declare AbortSignal: declarations of one interface merge.
 */
function complete(text) {
  const disposable = /\bDisposable\b|\bSymbol\.dispose\b/.test(text) ? '/// <reference lib="esnext.disposable" />\n' : ''
  const signal = /\bAbortSignal\b/.test(text) ? '\ndeclare global {\n    interface AbortSignal {}\n}\n' : ''
  return disposable + text + signal
}

/** An entry that only re-exports has nothing to map. */
function dropMap(file) {
  const script = file.slice(0, -'.map'.length)
  write(script, read(script).replace(/^\/\/# sourceMappingURL=.*\n?/m, ''))
  rmSync(new URL(file, dist))
}

/**
 * The file behind the condition `require`. Node's own require() never comes here: it takes `module-sync`, the ES module itself. Loaders that
 * follow older rules do, and some of them can load an ES module (bundlers, Bun, jest where it transforms the package).
 * The types are those of the ES module; attw, whose rule false-esm asks for others, does not know `module-sync`.
 */
function requireOf(specifier, name) {
  return `'use strict'
try {
  module.exports = require('./${name}.js')
} catch (cause) {
  if (!(cause instanceof SyntaxError || (cause && (cause.name === 'SyntaxError' || cause.code === 'ERR_REQUIRE_ESM')))) throw cause
  throw new Error(
    '${specifier} is an ES module, and require() cannot load ES modules here. Node 20.19 and later can. Jest can when it is run as ' +
      '"node --experimental-vm-modules node_modules/jest/bin/jest.js", with tests that are ES modules: https://jestjs.io/docs/ecmascript-modules',
    { cause },
  )
}
`
}
