/** The links of a page of Markdown, and the anchors of its headings, as GitHub makes them. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { root } from '../../scripts/entries.mjs'

const FENCE = /^( *)```[^]*?^\1``` *$/gm
const CODE = /`[^`\n]+`/g
const LINK = /\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g
const ELSEWHERE = /^[a-z]+:/
const PATH = /^(?:src|test|scripts|bench|docs|examples)\/[\w./-]*$/

/** The relative targets of a page that lead nowhere. */
export function brokenLinks(page: string, text = read(page)): string[] {
  const prose = text.replace(FENCE, '').replace(CODE, '')
  return [...prose.matchAll(LINK)].map(([, target]) => target).filter((target) => !ELSEWHERE.test(target) && !exists(page, target, text))
}

function exists(page: string, target: string, text: string): boolean {
  const [path, anchor] = target.split('#')
  const file = path === '' ? page : posix.join(posix.dirname(page), path)
  if (path !== '' && !existsSync(new URL(file, root))) return false
  if (anchor === undefined) return true
  if (statSync(new URL(file, root), { throwIfNoEntry: false })?.isDirectory()) return false
  return anchorsOf(path === '' ? text : read(file)).includes(anchor)
}

/** The paths of the repository that a page names in code (`src/runtime/index.ts`), and that do not exist. */
export function missingPaths(page: string, text = read(page)): string[] {
  const spans = [...text.replace(FENCE, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code)
  return spans.filter((code) => PATH.test(code) && !existsSync(new URL(code, root)))
}

/** A second heading of the same words gets `-1`, a third `-2`. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>()
  return [...text.replace(FENCE, '').matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading]) => {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = plain.replace(/[^\p{L}\p{N}\- _]/gu, '').replaceAll(' ', '-')
    const before = seen.get(anchor) ?? 0
    seen.set(anchor, before + 1)
    return before === 0 ? anchor : `${anchor}-${before}`
  })
}

function read(page: string): string {
  return readFileSync(new URL(page, root), 'utf8')
}
