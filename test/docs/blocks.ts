/**
 * The fenced TypeScript blocks of a page, and what is said of them.
 *
 * A block is a whole program, or a sketch where `<!-- sketch -->` stands on the line before its fence; a reader sees neither. The next
 * `text` block is the output of all programs above it that have none yet: stdout, then stderr, then the status unless it is 0. Programs in Go
 * count among them, and are not run.
 */
import { readFileSync } from 'node:fs'
import { root } from '../../scripts/entries.mjs'

export const pages = ['README.md', 'docs/go-concurrency.md', 'docs/from-go.md', 'docs/operators.md', 'docs/testing.md']

export interface Block {
  /** `docs/from-go.md:12`, where 12 is the line of its first line. */
  readonly place: string
  readonly code: string
  readonly isSketch: boolean
  /** What it prints; null where no output follows. */
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
