// The entry points of the package. tsconfig.json's `paths` is the one place that pairs a name with its source; the build, the tests and the
// checks read it here. A new entry is one line there and one in package.json's `exports`; test/api/exports.test.ts says so when one is missing.
import { existsSync, readFileSync } from 'node:fs'

export const root = new URL('..', import.meta.url)

/** @param {string} path relative to the repository */
export const readJson = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8'))

const { paths } = readJson('tsconfig.json').compilerOptions

/**
 * What users import, the name of its file in dist, and its source: `millrace/operators`, `operators`, `src/operators/index.ts`;
 * `millrace/node/operators`, `node-operators`.
 * @type {{ specifier: string, name: string, source: string }[]}
 */
export const entries = Object.entries(paths).map(([specifier, [source]]) => ({
  specifier,
  name: specifier === 'millrace' ? 'index' : specifier.slice('millrace/'.length).replaceAll('/', '-'),
  source: source.slice('./'.length),
}))

/**
 * Entries without names: a module that is imported for what it does, and those that it loads by their place in dist.
 * @type {{ specifier: string | null, name: string, source: string }[]}
 */
export const programs = [
  { specifier: 'millrace/race', name: 'race', source: 'src/testing/command/index.ts' },
  { specifier: null, name: 'race-load', source: 'src/adapters/loader/load.ts' },
  { specifier: null, name: 'race-hooks', source: 'src/testing/hooks/index.ts' },
  { specifier: null, name: 'race-setup', source: 'src/testing/vitest/index.ts' },
]

/** For what looks at the built package. */
export function requireBuild() {
  const missing = entries.filter(
    ({ name }) => !existsSync(new URL(`dist/${name}.js`, root)) || !existsSync(new URL(`dist/${name}.d.ts`, root)),
  )
  if (missing.length === 0) return
  console.error(`${missing.map(({ specifier }) => specifier).join(', ')} not built: run \`npm run build\` first`)
  process.exit(1)
}
