// Reports the avoided words of scripts/words.mjs: `node scripts/check-words.mjs [file or folder…]`, by default pages and sources.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import { root } from './entries.mjs'
import { proseOfPage, proseOfSource } from './prose.mjs'
import { words } from './words.mjs'

/** Pages whose text comes from somewhere else: the titles of tests, the comments of the sources. */
const GENERATED = /^docs\/(?:go-behaviours\.md|reference\/)/

/**
 * The files below these paths, relative to the root, that have prose.
 * @param {readonly string[]} paths
 * @returns {string[]}
 */
export function filesWithProse(paths) {
  return paths.flatMap((path) => {
    const isFolder = statSync(new URL(path, root)).isDirectory()
    const files = isFolder
      ? readdirSync(new URL(path, root), { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
      : [path]
    return files.filter((file) => /\.(?:md|ts|mjs)$/.test(file) && !GENERATED.test(file)).sort()
  })
}

/**
 * Each avoided word in a file: `docs/testing.md:12: "whoever": name the noun …`.
 * @param {string} file relative to the root
 * @returns {string[]}
 */
export function wordFaults(file) {
  const text = readFileSync(new URL(file, root), 'utf8')
  const prose = file.endsWith('.md') ? proseOfPage(text) : proseOfSource(text, ts)
  return words.flatMap(({ pattern, instead }) =>
    [...prose.matchAll(pattern)].map(({ index, 0: found }) => {
      const line = prose.slice(0, index + found.search(/\S/)).split('\n').length
      return `${file}:${line}: "${found.trim().replace(/\s+/g, ' ')}": ${instead}`
    }),
  )
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const paths = process.argv.slice(2)
  const all = paths.length > 0 ? paths : ['README.md', 'CHANGELOG.md', 'docs', 'src']
  const faults = filesWithProse(all).flatMap(wordFaults)
  for (const fault of faults) console.log(fault)
  console.log(`${faults.length} avoided words, in ${fileURLToPath(root)}`)
  if (faults.length > 0) process.exit(1)
}
