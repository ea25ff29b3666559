import { expect, test } from 'vitest'
import { entries, programs, readJson, root } from '../../scripts/entries.mjs'

const pinned = readJson('test/api/exports.json') as Record<string, string[]>
const manifest = readJson('package.json') as { exports: Record<string, unknown> }

test('package.json exports every entry point and its manifest, and nothing else', () => {
  // `module-sync` is the condition of Node's require() of an ES module; `require` that of loaders which may not have one.
  const expected = entries.map(({ specifier, name }) => [
    specifier.replace('millrace', '.'),
    { types: `./dist/${name}.d.ts`, 'module-sync': `./dist/${name}.js`, require: `./dist/${name}.cjs`, default: `./dist/${name}.js` },
  ])
  // A program waits while it loads: require() cannot load it.
  const started = programs.flatMap(({ specifier, name }) =>
    specifier === null ? [] : [[specifier.replace('millrace', '.'), { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` }]],
  )
  expect(manifest.exports).toEqual({
    ...Object.fromEntries([...expected, ...started]),
    './package.json': './package.json',
  })
})

test.each(entries)('$specifier exports the pinned names', async ({ specifier, source }) => {
  const module = (await import(/* @vite-ignore */ new URL(source, root).href)) as object
  const names = Object.keys(module).sort()
  expect(names, 'if this is meant, run `npm run api` and record it in CHANGELOG.md').toEqual(pinned[specifier])
})
