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

  it('of TypeScript is looked at in arrow functions of constants and of fields', () => {
    const text = (get: string, put: string) => `
const tick = (): Promise<void> => new Promise((resume) => setImmediate(resume))
class Store {
  n = 0
  get = (): number => this.n
  put = (n: number): void => { this.n = n }
}
const store = new Store(), cell = { n: 0 }
const get = (): number => cell.n
const put = (n: number): void => { cell.n = n }
function declared(): void {}
const inc = async (): Promise<void> => { const old = ${get}(); declared(); await tick(); ${put}(old + 1) }
await Promise.all([inc(), inc()])`
    expect(run('constants.ts', text('get', 'put'))).toMatchObject({
      status: 66,
      stderr: expect.stringContaining('stale write of cell.n') as string,
    })
    expect(run('fields.ts', text('store.get', 'store.put'))).toMatchObject({
      status: 66,
      stderr: expect.stringContaining('stale write of this.n') as string,
    })
    const fresh = text('get', 'put').replace('const old = get(); declared(); await tick();', 'await tick(); declared(); const old = get();')
    expect(run('fresh.ts', fresh)).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('imports names of CommonJS as Node finds them, and those of modules that are required', () => {
    writeFileSync(join(folder, 'dep.mjs'), 'export const dep = 41')
    writeFileSync(join(folder, 'required.mjs'), `import { dep } from './dep.mjs'; export const sum = dep + 1`)
    writeFileSync(join(folder, 'inner.cjs'), 'exports.inner = () => 1')
    writeFileSync(
      join(folder, 'names.cjs'),
      `const local = { n: 0 }
module.exports.value = require('./required.mjs').sum
module.exports.inc = () => local.n++
Object.defineProperty(exports, 'got', { enumerable: true, get: function () { return local.n } })
module.exports = { ...module.exports, withdraw: ${JSON.stringify('no name that the loader finds')} }`,
    )
    const text = `import names from './names.cjs'; import { inner } from './inner.cjs'; console.log(names.value, names.inc(), inner())`
    expect(run('names.mjs', text)).toEqual({ status: 0, stdout: '42 0 1\n', stderr: '' })
    writeFileSync(join(folder, 'names.cjs'), `let n = 0; module.exports.value = 1; module.exports.inc = () => n++`)
    const named = `import { value, inc } from './names.cjs'; console.log(value, inc())`
    expect(run('names.mjs', named)).toEqual({ status: 0, stdout: '1 0\n', stderr: '' })
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

  it.each(['level=most', 'stacks=yes', 'exitcode=x', 'halt=yes', 'colour=red', 'level', 'ignore=total', `ignore='total: '`])(
    '%s is refused',
    (options) => {
      expect(run('bad.mjs', '', options)).toMatchObject({ status: 1, stderr: expect.stringContaining('MILLRACE_RACE') as string })
    },
  )
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

  it('alone on its line is about the next line of code', () => {
    const above = withdrawals('', '').replace(
      '  account.balance -=',
      '  // race-ok: the bank checks\n  // (see there)\n  account.balance -=',
    )
    expect(run('above.mjs', above)).toEqual({ status: 0, stdout: '-60\n', stderr: '' })
    const before = withdrawals('', '').replace('  account.balance -=', '  await 0 // race-ok: of this line\n  account.balance -=')
    expect(run('before.mjs', before)).toMatchObject({ status: 66, stderr: expect.stringContaining('race-ok is not used') as string })
  })

  it('that covers no race is named', () => {
    expect(run('unused.mjs', `let x = 0 // race-ok: alone\nx++`).stderr).toBe('race-ok is not used: unused.mjs:1 (alone)\n')
  })
})

/** Two of these, where nothing else is marked, are a stale write of `place`. */
const updates = (declared: string, place: string) => `
const pause = () => new Promise((resume) => setImmediate(resume))
${declared}
async function update() {
  const before = ${place}
  await pause()
  ${place} = before + 1
}
await Promise.all([update(), update()])
`

const ok = '// race-ok: one is enough'

describe('race-ok at a declaration', () => {
  it.each([
    ['a variable', `let total = 0 ${ok}`, 'total'],
    ['a variable, on the line before', `${ok}\nlet total = 0`, 'total'],
    ['a variable among others', `let other = 0,\n  total = 0, ${ok}\n  third`, 'total'],
    ['a variable with a function', `let total = function () {} ${ok}`, 'total'],
    ['a property', `const all = {\n  other: 0,\n  total: 0, ${ok}\n}`, 'all.total'],
    ['a property without a value of its own', `const total = 0, all = {\n  total, ${ok}\n}`, 'all.total'],
    ['a method that is replaced', `const all = {\n  total() {}, ${ok}\n}`, 'all.total'],
    ['an object', `const all = { ${ok}\n  total: 0,\n}`, 'all.total'],
    ['an object of new', `class All {}\nconst all = new All() ${ok}`, 'all.total'],
    ['an array', `const all = [0] ${ok}`, 'all[0]'],
    ['a field', `class All {\n  total = 0 ${ok}\n}\nconst all = new All()`, 'all.total'],
    ['a field without a value', `class All {\n  total ${ok}\n  other\n}\nconst all = new All()`, 'all.total'],
    ['a static field', `class All {\n  static total = 0 ${ok}\n}`, 'All.total'],
    ['a field of the constructor', `class All {\n  constructor() {\n    this.total = 0 ${ok}\n  }\n}\nconst all = new All()`, 'all.total'],
  ])('accepts the races of %s', (_, declared, place) => {
    expect(run('declared.mjs', updates(declared, place))).toEqual({ status: 0, stdout: '', stderr: '' })
    const { status, stderr } = run('declared.mjs', updates(declared.replace(ok, '//'), place))
    expect(status).toBe(66)
    expect(stderr).toContain(`stale write of ${place}`)
  })

  it('accepts those of a private field', () => {
    const text = (mark: string) => `
class All {
  #total = 0 ${mark}
  async update() {
    const before = this.#total
    await new Promise((resume) => setImmediate(resume))
    this.#total = before + 1
  }
}
const all = new All()
await Promise.all([all.update(), all.update()])
`
    expect(run('private.mjs', text(ok))).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(run('private.mjs', text('')).status).toBe(66)
  })

  it('accepts those of a line of TypeScript', () => {
    const declared = `interface Totals {\n  total: number\n}\nclass All implements Totals {\n  readonly name: string = ''\n  public total: number = 0 ${ok}\n}\nconst all: Totals = new All()`
    expect(run('declared.ts', updates(declared, 'all.total'))).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(run('declared.ts', updates(declared.replace(ok, ''), 'all.total')).status).toBe(66)
  })

  it('accepts nothing of another property, object or variable', () => {
    const declared = `const all = {\n  other: 0, ${ok}\n  total: 0,\n}`
    const { status, stderr } = run('other.mjs', updates(declared, 'all.total'))
    expect(status).toBe(66)
    expect(stderr).toContain('race-ok is not used: other.mjs:4 (one is enough)')
  })
})

describe('ignore', () => {
  it('accepts the races of the places that it names, and says which had none', () => {
    const ran = run('ignored.mjs', withdrawals('', ''), `ignore='account.balance: the bank checks; total: none' level=order`)
    expect(ran).toEqual({ status: 0, stdout: '-60\n', stderr: 'ignore is not used: total (none)\n' })
    expect(run('ignored.mjs', withdrawals('', ''), `level=order ignore="balance: of no object"`).status).toBe(66)
  })
})

describe('exclude', () => {
  it('leaves files out, by parts of their paths', () => {
    expect(run('left-out.mjs', withdrawals('', ''), 'exclude=other,left-out')).toEqual({ status: 0, stdout: '-60\n', stderr: '' })
    expect(run('left-out.mjs', withdrawals('', ''), 'exclude=other').status).toBe(66)
  })
})
