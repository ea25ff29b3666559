// The tests that failed, with the first lines of their errors: a log that is cut at its beginning still names them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './entries.mjs'

const LINES = 12
const SHOWN = 10
const folder = new URL('reports/', root)

const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : []
const failures = files.flatMap((file) => failuresIn(file, JSON.parse(readFileSync(new URL(file, folder), 'utf8'))))
for (const { title, text } of failures.slice(0, SHOWN)) console.log(`\nfailed: ${title}\n${text}`)
if (failures.length > SHOWN) console.log(`\nand ${failures.length - SHOWN} more failed`)

function failuresIn(file, { testResults = [] }) {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const place = `${file}, ${relative(fileURLToPath(root), name)}`
    const ofTests = assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => ({ title: `${place} > ${fullName}`, text: firstLines(failureMessages.join('\n')) }))
    return message ? [...ofTests, { title: place, text: firstLines(message) }] : ofTests // a suite that did not load
  })
}

function firstLines(text) {
  const lines = text
    .split('\n')
    .filter((line) => !line.includes('/node_modules/'))
    .map((line) => (line.length > 1000 ? `${line.slice(0, 1000)}…` : line))
  return lines
    .slice(0, LINES)
    .map((line) => `  ${line}`)
    .join('\n')
}
