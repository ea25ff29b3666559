/** Every program of the pages runs and prints the output below it: a sample of them in `npm test`, all in .ci/run. */
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { someOf } from '../support/portion.js'
import { blocksOf, pages } from './blocks.js'
import { Programs } from './programs.js'

const blocks = pages.flatMap(blocksOf)
const programs = someOf(blocks.filter(({ isSketch }) => !isSketch))

const built = new Programs()
beforeAll(() => built.build(programs), 60_000)
afterAll(() => built[Symbol.dispose]())

describe.concurrent('a program', () => {
  it.for(programs)('prints what stands below it: $place', async ({ place, output }) => {
    expect(output, 'no output stands below it').not.toBeNull()
    const { status, stdout, stderr } = await built.run(place)
    expect(`${stdout}${stderr}${status === 0 ? '' : `exit status ${status}\n`}`).toBe(`${output}\n`)
  })
})

it.for(blocks.filter(({ isSketch }) => isSketch))('a sketch is TypeScript that can be parsed: $place', async ({ code }) => {
  // As the body of a generator function that is async as well: a sketch may wait in either way.
  const imports = /^import .*$/gm
  await transform(`${code.match(imports)?.join('\n') ?? ''}\nasync function* sketch() {\n${code.replaceAll(imports, '')}\n}`, {
    loader: 'ts',
  })
})
