/** The links of a page of Markdown, and the anchors of its headings, as GitHub makes them. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { root } from '../../scripts/entries.mjs'

const FENCE = /^( *)```[^]*?^\1``` *$/gm
const CODE = /`[^`\n]+`/g
const LINK = /\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g
const ELSEWHERE = /^[a-z]+:/
const PATH = /^(?:src|test|scripts|bench|docs|examples)\/[\w./-]*$/
/** A page that is read outside the repository, on npm or by a language model, names the repository in its links. */
const REPOSITORY = 'https://github.com/millrace/millrace/blob/main/'

/** The targets of a page within the repository that lead nowhere. */
export function brokenLinks(page: string, text = read(page)): string[] {
  return targetsOf(text).filter((target) => {
    if (target.startsWith(REPOSITORY)) return !exists('README.md', target.slice(REPOSITORY.length), text)
    return !ELSEWHERE.test(target) && !exists(page, target, text)
  })
}

/** The links of a page that only work where the page lies. */
export function relativeLinks(page: string): string[] {
  return targetsOf(read(page)).filter((target) => !ELSEWHERE.test(target) && !target.startsWith('#'))
}

function targetsOf(text: string): string[] {
  const prose = text.replace(FENCE, '').replace(CODE, '')
  return [...prose.matchAll(LINK)].map(([, target]) => target)
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
