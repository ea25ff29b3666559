/** The programs of the pages and the examples of the doc comments have no type errors. */
import { expect, it } from 'vitest'
import { blocksOf, pages } from './blocks.js'
import { examples } from './doc-comments.js'
import { floors, programOf } from './example-module.js'
import { typeErrors } from './type-check.js'

const programs = pages.flatMap(blocksOf).filter(({ isSketch }) => !isSketch)
const ofComments = examples()
  .filter(({ place }) => floors.some((floor) => place.startsWith(floor)))
  .map(programOf)

it('no program of the pages and no example of the doc comments has a type error', () => {
  expect(typeErrors([...programs, ...ofComments])).toEqual([])
})
