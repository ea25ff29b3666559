// Go's behaviors and the tests that show them. A test names a behavior by its id in the title (CH-001, P-03); this joins the last
// run's results (reports/unit.json, written by `npm test`) with test/go/catalogue.json and writes docs/go-behaviours.md.
// With --check nothing is written, and a stale page is an error, as a delivered behavior without a passing test or an unknown id always is.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJson, root } from './entries.mjs'

const RESULTS = 'reports/unit.json'
const PAGE = new URL('docs/go-behaviours.md', root)
const ID = /\b(?:CH|CL|SE|TY|GO|DL|MM|CX|WG|MU|RW|ON|CO|MP|PO|AT|EG|SM|SF|TM|RL|VT|LK|JS|SC|PL)-\d{3}\b|\bP-\d\d\b/g

const check = process.argv.includes('--check')
if (!existsSync(new URL(RESULTS, root))) fail([`${RESULTS} is missing: run \`npm test\` first`])

// "delivered" holds areas and single ids. A behavior with an `exception` (the reason) needs no test although its area is delivered.
const { delivered, behaviours } = readJson('test/go/catalogue.json')
const tests = readJson(RESULTS).testResults.flatMap(testsOfFile)

const isDelivered = ({ id }) => delivered.includes(id) || delivered.includes(id.split('-')[0])
const testsOf = ({ id }) => tests.filter((test) => test.ids.includes(id))
const known = new Set(behaviours.map(({ id }) => id))

const problems = [
  ...behaviours
    .filter((behaviour) => behaviour.class !== 'c' && !behaviour.exception && isDelivered(behaviour))
    .filter((behaviour) => !testsOf(behaviour).some(({ result }) => result === 'passed'))
    .map(({ id, summary }) => `${id} has no passing test: ${summary}`),
  ...tests.flatMap(({ ids, title }) => ids.filter((id) => !known.has(id)).map((id) => `${id} is not in the catalogue: ${title}`)),
]

const page = render()
if (!check) {
  mkdirSync(new URL('.', PAGE), { recursive: true })
  writeFileSync(PAGE, page)
} else if (!existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== page) {
  problems.push('docs/go-behaviours.md is stale: run `npm test && npm run behaviours`')
}
console.log(summaryLine())
if (problems.length > 0) fail(problems)

function testsOfFile({ name, assertionResults }) {
  const file = relative(fileURLToPath(root), name)
  return assertionResults.map(({ ancestorTitles, title, status }) => {
    const full = [...ancestorTitles.filter((part) => part !== file), title].join(' > ')
    return { file, title: full, ids: [...new Set(full.match(ID))], result: status }
  })
}

// The order is the catalogue's, then file and title; nothing in the page depends on the machine or the clock.
function render() {
  const rows = behaviours.flatMap((behaviour) => {
    const shown = testsOf(behaviour).sort((a, b) => (a.file + a.title < b.file + b.title ? -1 : 1))
    if (shown.length > 0) return shown.map(({ title, file, result }) => row(behaviour, title, `\`${file}\``, result))
    return [row(behaviour, `*${behaviour.summary}*`, '', withoutTest(behaviour))]
  })
  return [
    '# Behaviors of Go, and the tests that show them',
    '',
    'Made by `npm run behaviours` from the results of `npm test`; the list of behaviors is `test/go/catalogue.json`.',
    'Class: a, has its plain meaning in JavaScript; b, has it with an adaptation; c, has none.',
    '',
    summaryLine(),
    '',
    '| id | class | test | file | result |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

function withoutTest(behaviour) {
  if (behaviour.class === 'c') return 'not meaningful in JS'
  if (behaviour.exception) return `does not apply: ${behaviour.exception}`
  return isDelivered(behaviour) ? '**missing**' : 'later'
}

function row({ id, class: letter }, ...cells) {
  return `| ${[id, letter, ...cells].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function summaryLine() {
  const shown = behaviours.filter((behaviour) => testsOf(behaviour).some(({ result }) => result === 'passed')).length
  const count = (text) =>
    behaviours.filter((behaviour) => testsOf(behaviour).length === 0 && withoutTest(behaviour).startsWith(text)).length
  return `${behaviours.length} behaviors: ${shown} shown by a passing test, ${count('not meaningful')} not meaningful in JS, ${count('does not apply')} that do not apply, ${count('later')} later.`
}

function fail(lines) {
  for (const line of lines) console.error(line)
  process.exit(1)
}
