/** The guide names every export of the borders, types included: a reader who looks for a name finds its chapter. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { entries, root } from '../../scripts/entries.mjs'

const borders = entries.filter(({ specifier }) => /^millrace\/(node|web)/.test(specifier))

const folder = new URL('docs/guide/', root)
const guide = readdirSync(folder)
  .map((page) => readFileSync(new URL(page, folder), 'utf8'))
  .join('\n')

/** The exports that the report of an entry lists. */
function exportsOf(specifier: string): string[] {
  const report = readFileSync(new URL(`test/api/${specifier.replaceAll('/', '-')}.api.md`, root), 'utf8')
  const declared = /^export (?:declare )?(?:abstract )?(?:function|class|interface|type|const) (\w+)/gm
  return [...new Set([...report.matchAll(declared)].map(([, name]) => name))]
}

it('the borders have entries for Node and for the web', () => {
  expect(borders.map(({ specifier }) => specifier)).toEqual([
    'millrace/node',
    'millrace/node/operators',
    'millrace/web',
    'millrace/web/operators',
  ])
})

it.each(borders)('the guide names every export of $specifier', ({ specifier }) => {
  const names = exportsOf(specifier)
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(guide))).toEqual([])
})
