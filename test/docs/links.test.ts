/** Every relative link of a page leads to a file of the repository, and its anchor to a heading there. */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { pages } from './blocks.js'
import { brokenLinks } from './links.js'

it.each(pages)('the links of %s lead somewhere', (page) => {
  expect(brokenLinks(page)).toEqual([])
})

it('a link to a page or an anchor that does not exist is found', () => {
  const text = ['# One', '[a](two.md) [b](README.md#no-such) [c](#one) [d](#two) `[e](code.md)`', '```md', '[f](fence.md)', '```'].join(
    '\n',
  )
  expect(brokenLinks('page.md', text)).toEqual(['two.md', 'README.md#no-such', '#two'])
})

it('the index of the guide lists every chapter', () => {
  const index = readFileSync(new URL('docs/guide/README.md', root), 'utf8')
  const chapters = pages.filter((page) => page.startsWith('docs/guide/') && !page.endsWith('README.md'))
  expect(chapters.filter((page) => !index.includes(`](${posix.basename(page)})`))).toEqual([])
})
