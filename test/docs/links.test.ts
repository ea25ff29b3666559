/** Every link of a page into the repository leads to a file, and its anchor to a heading there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { pages } from './blocks.js'
import { brokenLinks, missingPaths, relativeLinks } from './links.js'

it.each([...pages, 'llms.txt'])('the links of %s lead somewhere', (page) => {
  expect(brokenLinks(page)).toEqual([])
})

it.each(pages)('the paths that %s names exist', (page) => {
  expect(missingPaths(page)).toEqual([])
})

it('a path that does not exist is found', () => {
  expect(missingPaths('page.md', '`src/runtime/index.ts` `src/gone.ts` `src` `test/<name>.test.ts`')).toEqual(['src/gone.ts'])
})

it('the design page has a row for every room', () => {
  const design = readFileSync(new URL('docs/design.md', root), 'utf8')
  const rooms = ['runtime', 'operators', 'adapters', 'testing'].flatMap((floor) => {
    const entries = readdirSync(new URL(`src/${floor}/`, root), { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `src/${floor}/${name}`)
  })
  const rows = [...design.matchAll(/^\| `(src\/[\w/-]+)` \| .* \| `([\w/-]+\.ts)` \|$/gm)]
  expect(rows.map(([, room]) => room).sort()).toEqual(rooms.sort())
  for (const [, room, file] of rows) expect(existsSync(new URL(`${room}/${file}`, root)), `${room}/${file}`).toBe(true)
})

it.each(['README.md', 'CHANGELOG.md', 'llms.txt'])('%s is part of the package, so its links are absolute', (page) => {
  expect(relativeLinks(page)).toEqual([])
})

it('a link to a page or an anchor that does not exist is found', () => {
  const text = [
    '# One',
    '[g](https://github.com/millrace/millrace/blob/main/no.md)',
    '[a](two.md) [b](README.md#no-such) [c](#one) [d](#two) `[e](code.md)`',
    '```md',
    '[f](fence.md)',
    '```',
  ].join('\n')
  expect(brokenLinks('page.md', text)).toEqual([
    'https://github.com/millrace/millrace/blob/main/no.md',
    'two.md',
    'README.md#no-such',
    '#two',
  ])
})

it('the index of the guide lists every chapter', () => {
  const index = readFileSync(new URL('docs/guide/README.md', root), 'utf8')
  const chapters = pages.filter((page) => page.startsWith('docs/guide/') && !page.endsWith('README.md'))
  expect(chapters.filter((page) => !index.includes(`](${posix.basename(page)})`))).toEqual([])
})
