// The results of the engines as a table by room, and as docs/engines.md.
import { differences, engines, notPortable } from './portable.mjs'

const names = { bun: 'Bun', deno: 'Deno', chromium: 'Chromium' }

const roomOf = (suite) => suite.split('/')[1]
const sum = (suites) => suites.reduce((total, { passed }) => total + passed, 0)

/** A row for each room: the tests that passed on each engine. */
function rows(results) {
  const rooms = [...new Set(results.flatMap(({ suites }) => suites.map(({ suite }) => roomOf(suite))))].sort()
  const cell = ({ missing, suites }, room) =>
    missing ? 'not run' : String(sum(suites.filter(({ suite }) => roomOf(suite) === room)) || '-')
  return [
    [
      'tests passed, by room',
      ...results.map(({ engine, version }) => (version === undefined ? names[engine] : `${names[engine]} ${version}`)),
    ],
    ...rooms.map((room) => [room, ...results.map((result) => cell(result, room))]),
    ['all', ...results.map(({ missing, suites }) => (missing ? 'not run' : String(sum(suites))))],
    ['failed', ...results.map(({ missing, failures }) => (missing ? 'not run' : String(failures.length)))],
    ['differ, see below', ...results.map(({ missing, differing }) => (missing ? 'not run' : String(differing.length)))],
  ]
}

function reasons(mark) {
  const where = (list) => (list ?? engines).map((engine) => names[engine]).join(', ')
  return [
    'Not portable:',
    '',
    ...notPortable.map(({ suites, engines: on, reason }) => `- ${suites.map(mark).join(', ')} (not on ${where(on)}): ${reason}`),
    '',
    'Differ:',
    '',
    ...differences.flatMap(({ engine, tests, reason }) => tests.map((test) => `- ${names[engine]}: “${test}”: ${reason}`)),
  ]
}

export function table(results) {
  const all = rows(results)
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)))
  const line = (row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column] + 2))).join('')
  return [...all.map(line), '', ...reasons((suite) => suite)].join('\n')
}

export function page(results) {
  const [head, ...body] = rows(results)
  const line = (row) => `| ${row.join(' | ')} |`
  return `# Engines

Millrace runs on Node 20.19 and newer, Bun, Deno and browsers. Every change runs all suites on Node 20, 24 and 26, and the suites below on
the other engines. \`npm run engines -- --write\` makes this page from a run.

${[line(head), line(head.map((_, column) => (column === 0 ? '---' : '--:'))), ...body.map(line)].join('\n')}

${reasons((suite) => `\`${suite}\``).join('\n')}
`
}
