/**
 * The fenced TypeScript blocks of the pages, with the output that the page shows for each.
 *
 * A block is a whole program, or a sketch if `<!-- sketch -->` stands on the line before its fence. The next `text` block is the output of
 * all programs above it that have none yet: stdout, then stderr, then the status unless it is 0. Programs in Go are not run.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { root } from '../../scripts/entries.mjs'

/** Pages that a script writes: their text comes from the titles of tests and from doc comments. */
const isGenerated = (page: string): boolean => page === 'docs/go-behaviours.md' || page.startsWith('docs/reference/')

/** Every page that a person writes, relative to the root. */
export const pages: readonly string[] = [
  ...pagesIn('.').filter((page) => page !== 'LICENSE.md'),
  'bench/README.md',
  ...pagesIn('examples', true),
  ...pagesIn('docs', true).filter((page) => !isGenerated(page)),
]

function pagesIn(folder: string, recursive = false): string[] {
  return readdirSync(new URL(`${folder}/`, root), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => (folder === '.' ? name : `${folder}/${name}`).replaceAll('\\', '/'))
    .sort()
}

export interface Block {
  /** `docs/from-go.md:12`, where 12 is the line of its first line. */
  readonly place: string
  readonly code: string
  readonly isSketch: boolean
  /** The output below the program; null if there is none. */
  output: string | null
}

const FENCE = /^( *)```(\S*) *$/
const SKETCH = /^ *<!-- sketch\b.*-->$/

export function blocksOf(page: string): Block[] {
  const lines = readFileSync(new URL(page, root), 'utf8').split('\n')
  const blocks: Block[] = []
  let silent: Block[] = []
  let isOfGo = false
  for (let i = 0; i < lines.length; i++) {
    const opening = FENCE.exec(lines[i])
    if (opening === null) continue
    const [, indent, language] = opening
    const first = i + 1
    const end = lines.indexOf(`${indent}\`\`\``, first)
    if (end < 0) throw new Error(`${page}:${first}: the block is not closed`)
    const text = lines.slice(first, end).map((line) => line.slice(indent.length))
    if (language === 'ts') {
      const block = { place: `${page}:${first + 1}`, code: text.join('\n'), isSketch: SKETCH.test(lines[i - 1] ?? ''), output: null }
      blocks.push(block)
      if (!block.isSketch) silent.push(block)
    } else if (language === 'go') {
      isOfGo = true
    } else if (language === 'text') {
      if (silent.length === 0 && !isOfGo) throw new Error(`${page}:${first}: the output of no program`)
      for (const block of silent) block.output = text.join('\n')
      silent = []
      isOfGo = false
    }
    i = end
  }
  return blocks
}
