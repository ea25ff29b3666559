// docs/engines.md, from the results of the engines: which suites pass where, room by room. No figure that changes from run to run.
import { readdirSync } from 'node:fs'
import { differences, engines, notPortable } from './portable.mjs'

const names = { bun: 'Bun', deno: 'Deno', chromium: 'Chromium' }

const roomOf = (suite) => suite.split('/')[1]

/** `test/base/ring.test.ts` and so on. */
function suitesIn(repository) {
  const entries = readdirSync(`${repository}/test`, { withFileTypes: true })
  const rooms = entries.filter((entry) => entry.isDirectory() && entry.name !== 'engines').map(({ name }) => name)
  const names = (room) => readdirSync(`${repository}/test/${room}`, { recursive: true }).filter((name) => name.endsWith('.test.ts'))
  return rooms.flatMap((room) => names(room).map((name) => `test/${room}/${name}`))
}

/** A row for each room: on each engine all its suites pass, or all but some, or none runs. */
function rows(results, repository) {
  const all = suitesIn(repository)
  const rooms = [...new Set(results.flatMap(({ suites }) => suites.map(({ suite }) => roomOf(suite))))].sort()
  const cell = ({ suites }, room) => {
    const [expected, passed] = [
      all.filter((suite) => roomOf(suite) === room),
      suites.filter(({ suite, ok }) => ok && roomOf(suite) === room),
    ]
    if (passed.length === 0) return 'none'
    const missing = expected.length - passed.length
    return missing === 0 ? 'all' : `all but ${missing}`
  }
  return [
    [
      'suites that pass',
      ...results.map(({ engine, command }) => (engine === 'chromium' ? names[engine] : `${names[engine]} ${command.version}`)),
    ],
    ...rooms.map((room) => [`\`test/${room}\``, ...results.map((result) => cell(result, room))]),
  ]
}

function reasons() {
  const where = (list) => (list ?? engines).map((engine) => names[engine]).join(', ')
  const mark = (suite) => `\`${suite}\``
  return [
    '## Suites that do not run',
    '',
    '| suites | not on | because they |',
    '| --- | --- | --- |',
    ...notPortable.map(({ suites, engines: on, reason }) => `| ${suites.map(mark).join(', ')} | ${where(on)} | ${reason} |`),
    '',
    '## Tests that may fail',
    '',
    ...differences.flatMap(({ engine, tests, reason }) => tests.map((test) => `- ${names[engine]}: “${test}”: ${reason}`)),
  ]
}

export function page(results, repository) {
  const [head, ...body] = rows(results, repository)
  const line = (row) => `| ${row.join(' | ')} |`
  return `# Engines

Millrace runs on Node 20.19 and later, Bun, Deno and browsers. Every change runs all suites on Node 20, 24 and 26, and those below on the other
engines: \`npm run engines\`, a step of \`.ci/run\`, which also imports each entry of the built package there, in Chromium through a bundle of Vite. A
test that fails fails the run, and no test is tried again. Where Chromium is not installed, the run says that it did not run there.
\`npm run engines -- --write\` makes this page from a run, and a run in which the page would differ fails. Suites of random programs try a tenth of
their programs here.

${[line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')}

${reasons().join('\n')}
`
}
