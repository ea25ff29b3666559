/** `node --import millrace/race`: reports, exit code, options, and what is accepted. The stories of the guide are run as programs. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../../../scripts/entries.mjs'

const race = new URL('reports/sources/testing/command/index.js', root).href
const folder = mkdtempSync(join(tmpdir(), 'race-'))
symlinkSync(fileURLToPath(new URL('node_modules', root)), join(folder, 'node_modules'))
writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function run(file: string, text: string, options = '') {
  writeFileSync(join(folder, file), text)
  const imports = [...(file.endsWith('.ts') ? ['--import', 'tsx'] : []), '--import', race]
  const env = { ...process.env, MILLRACE_RACE: options, NODE_OPTIONS: '' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [...imports, file], { cwd: folder, env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

const withdrawals = (read: string, write: string) => `
const account = { balance: 100 }
const bank = () => new Promise((resume) => setImmediate(resume))
async function withdraw(amount) {
  if (account.balance < amount) return ${read}
  await bank()
  account.balance -= amount ${write}
}
Promise.all([withdraw(80), withdraw(80)]).then(() => console.log(account.balance))
`

describe('the stories of the guide', () => {
  const page = readFileSync(new URL('docs/testing.md', root), 'utf8')
  const stories = ['a lost update', 'a missing join', 'a stampede'].map((title) => {
    const section = page.slice(page.indexOf(`### Story: ${title}\n`))
    const block = (language: string) => new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(section)?.[1] ?? ''
    return { title, program: block('ts'), output: block('text'), report: block('console') }
  })

  it.each(stories)('$title is reported as the page shows it', ({ title, program, output, report }) => {
    const ran = run('story.ts', program, title === 'a missing join' ? 'level=all' : '')
    expect(ran).toEqual({ status: 66, stdout: output, stderr: report })
  })
})

describe('a program', () => {
  it('without races ends as it ends', () => {
    expect(run('quiet.mjs', `console.log('fine'); process.exitCode = 3`)).toEqual({ status: 3, stdout: 'fine\n', stderr: '' })
  })

  it('of CommonJS is looked at as well', () => {
    const { status, stderr } = run('old.cjs', withdrawals('', ''))
    expect(status).toBe(66)
    expect(stderr).toContain('withdraw (old.cjs:5:7)')
  })

  it('ends with the exit code that the options say', () => {
    expect(run('code.mjs', withdrawals('', ''), 'exitcode=7').status).toBe(7)
  })

  it('ends at the first race with halt', () => {
    expect(run('halt.mjs', withdrawals('', ''), 'halt=1')).toMatchObject({ status: 66, stdout: '' })
  })

  it('has its reports in a file with log', () => {
    expect(run('log.mjs', withdrawals('', ''), 'log=races.txt').stderr).toBe('')
    expect(readFileSync(join(folder, 'races.txt'), 'utf8')).toMatch(/^RACE: stale write of account.balance[^]*\nFound 1 race.\n$/)
  })

  it('says every race also where its reader is slow', () => {
    const names = Array.from({ length: 300 }, (_, n) => `place${n}`)
    const line = (name: string) => `before = total.${name}; await pause(); total.${name} = before + 1`
    const env = { ...process.env, NODE_OPTIONS: '' }
    const text = `import { writeFileSync } from 'node:fs'
writeFileSync('begun', '')
const total = { ${names.map((name) => `${name}: 0`).join(', ')} }
const pause = () => new Promise((resume) => setImmediate(resume))
async function add() {
  let before
  ${names.map(line).join('\n  ')}
}
void add(), void add()`
    writeFileSync(join(folder, 'many.mjs'), text)
    const command = `{ "$0" --import "$1" many.mjs; echo "exit code $?" >&2; } 2>&1 | { until [ -e begun ]; do sleep 0.05; done; sleep 0.5; cat; }`
    const { stdout } = spawnSync('sh', ['-c', command, process.execPath, race], { cwd: folder, env, encoding: 'utf8' })
    expect(stdout.length).toBeGreaterThan(150_000)
    expect(stdout.match(/^RACE: /gm)).toHaveLength(300)
    expect(stdout).toMatch(/\n\nFound 300 races.\nexit code 66\n$/)
  })

  it('has the part of a minified line around an access', () => {
    const { status, stderr } = run(
      'minified.mjs',
      withdrawals('', '')
        .replaceAll(/\n */g, ' ; ')
        .replaceAll(/([{,(]) ;/g, '$1') + `;${' void 0;'.repeat(2000)}`,
    )
    expect(status).toBe(66)
    expect(stderr).toMatch(/^ {2}async withdraw#1 writes in withdraw \(minified\.mjs:1:\d+\): {2}….*account\.balance -= amount.*…$/m)
    expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThan(300)
  })

  it.each(['level=most', 'stacks=yes', 'exitcode=x', 'halt=yes', 'colour=red', 'level'])('%s is refused', (options) => {
    expect(run('bad.mjs', '', options)).toMatchObject({ status: 1, stderr: expect.stringContaining('MILLRACE_RACE') as string })
  })
})

describe('race-ok', () => {
  it.each([
    ['at the read', '// race-ok: the bank checks', ''],
    ['at the write', '', '// race-ok: the bank checks'],
  ])('accepts %s', (_, read, write) => {
    expect(run('ok.mjs', withdrawals(read, write))).toEqual({ status: 0, stdout: '-60\n', stderr: '' })
  })

  it('needs a reason', () => {
    expect(run('why.mjs', withdrawals('', '// race-ok')).status).toBe(66)
  })

  it('that covers no race is named', () => {
    expect(run('unused.mjs', `let x = 0 // race-ok: alone\nx++`).stderr).toBe('race-ok is not used: unused.mjs:1 (alone)\n')
  })
})
