/** Pages, comments and messages avoid the words of scripts/words.mjs; docs/glossary.md has the nouns to use. */
import ts from 'typescript'
import { expect, it } from 'vitest'
import { filesWithProse, wordFaults } from '../../scripts/check-words.mjs'
import { proseOfPage, proseOfSource } from '../../scripts/prose.mjs'
import { words } from '../../scripts/words.mjs'
import { pages } from './blocks.js'

it.each(pages)('%s avoids the listed words', (page) => {
  expect(wordFaults(page)).toEqual([])
})

it('the comments and messages of the sources avoid the listed words', () => {
  expect(filesWithProse(['src']).flatMap(wordFaults)).toEqual([])
})

it.each([
  ['The one who waits, whoever it is.', 2],
  ['What was granted is delivered. What does it wait for?', 1],
  ['It holds so\nmany of ours, and is told of it.', 3],
  ['It answers a promise, gives way, and is through. The answer goes through a stage.', 3],
  ['Cancelled behaviour at the pace of a neighbour.', 4],
  ['A canceled stage yields; what it returns is an item.', 0],
])('the list finds its words: %s', (text, count) => {
  expect(words.flatMap(({ pattern }) => [...text.matchAll(pattern)])).toHaveLength(count)
})

it('code, links and comments of a page are no prose', () => {
  const page = ['see [the list](whoever.md), `whoever`', '```ts', 'whoever()', '```', '<!-- whoever -->'].join('\n')
  expect(proseOfPage(page)).not.toContain('whoever')
  expect(proseOfPage(page)).toHaveLength(page.length)
})

it('the comments and the texts of a source are its prose', () => {
  const source = ["import { a } from 'one'", '/** two', ' * three */', 'const four = `five ${six} seven` // eight'].join('\n')
  expect(proseOfSource(source, ts).split(/\W+/).filter(Boolean)).toEqual(['two', 'three', 'five', 'seven', 'eight'])
})
