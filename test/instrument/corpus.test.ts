/** Files of packages, instrumented: they parse, and each name that a hook uses is declared where the hook stands. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { instrument } from '../../src/instrument/index.js'
import { Scopes } from '../../src/instrument/scopes.js'
import { Tree } from '../../src/instrument/tree.js'
import { hooks } from './run.js'

const packages = [
  'rxjs/dist/cjs',
  'rxjs/dist/esm',
  'fp-ts/lib',
  'fast-check/lib',
  'acorn/dist',
  'express/lib',
  'fastify/lib',
  'semver',
  'pino/lib',
  'pg/lib',
]
/** Of each package, files that are spread over it. */
const MOST = 60

it.each(packages)('%s', (name) => {
  const folder = new URL(`node_modules/${name}/`, root)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[cm]?js$/.test(file))
  const step = Math.ceil(files.length / MOST)
  const wrong: string[] = []
  for (const file of files.filter((_, index) => index % step === 0)) {
    const source = readFileSync(new URL(file, folder), 'utf8')
    const isScript = !/^(?:import|export)\b/m.test(source)
    wrong.push(...undeclared(instrument(source, file, { isScript, hooks }).code, isScript).map((one) => `${file}: ${one}`))
  }
  expect(files.length).toBeGreaterThan(2)
  expect(wrong).toEqual([])
})

/** The names of cells, frames and temporaries that no scope declares. */
function undeclared(code: string, isScript: boolean): string[] {
  const tree = new Tree(code, isScript)
  const scopes = new Scopes(tree)
  const found = new Set<string>()
  tree.walk(tree.root, (node) => {
    if (node.type === 'Identifier' && /^\$race\w/.test(node.name) && scopes.referenceOf(node) === null) found.add(node.name)
  })
  return [...found]
}
