/** `race()` of `millrace/vite` in a project with Vitest: that of test/consumers, over the sources. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { race } from 'millrace/vite'
import { entries, root } from '../../../scripts/entries.mjs'
import { faultsOf } from '../../consumers/programs/races/expected.mjs'

const folder = mkdtempSync(join(tmpdir(), 'race-vitest-'))
cpSync(new URL('test/consumers/programs/races', root), folder, { recursive: true })
symlinkSync(fileURLToPath(new URL('node_modules', root)), join(folder, 'node_modules'))
writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
const compiled = (source: string) => new URL(source.replace('src/', 'reports/sources/').replace(/ts$/, 'js'), root)
const alias = entries.map(({ specifier, source }) => ({ find: `^${specifier}$`, replacement: fileURLToPath(compiled(source)) }))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function run(mode: string, options: string) {
  const config = `
    import { race } from ${JSON.stringify(compiled('src/adapters/vite/index.ts').href)}
    const alias = ${JSON.stringify(alias)}.map(({ find, replacement }) => ({ find: new RegExp(find), replacement }))
    export default {
      plugins: [race(${options})],
      resolve: { alias },
      test: { server: { deps: { external: [/reports.sources/] } } },
    }`
  writeFileSync(join(folder, 'vitest.config.ts'), config)
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--mode', mode, '--reporter=json']
  const { VITEST, VITEST_MODE, ...env } = process.env // of the run that this test is in
  expect([VITEST, VITEST_MODE]).not.toContain(undefined)
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, env: { ...env, NODE_OPTIONS: '' }, encoding: 'utf8' })
  return { stdout, stderr }
}

const options = `{ exclude: 'unseen', ignore: { 'stats.last': 'the last writer wins', 'stats.first': 'no such place' } }`

describe('a project with Vitest', () => {
  it('has its races as failures of its tests in mode race, named to the column, and hears of unused allowances', () => {
    const { stdout, stderr } = run('race', options)
    expect(faultsOf('race', stdout, stderr)).toEqual([])
  })

  it('runs as without the plugin in another mode', () => {
    const { stdout, stderr } = run('test', options)
    expect(faultsOf('test', stdout, stderr)).toEqual([])
  })

  it('looks for races in each mode with `always`', () => {
    const { stdout, stderr } = run('test', options.replace('{', '{ always: true,'))
    expect(faultsOf('race', stdout, stderr)).toEqual([])
  })

  it('looks at an excluded file that is no longer excluded', () => {
    const { stdout, stderr } = run('race', options.replace('unseen', 'no-such-file'))
    expect(faultsOf('race', stdout, stderr).join()).toMatch(/^an excluded file: fails: RaceError: stale write[^]*src\/unseen\.ts:6:3/)
  })
})

describe('bad options', () => {
  it.each([
    [{ include: 'src/**' }, 'race({ include }): expected parts of paths or RegExps, and no globs, got "src/**"'],
    [{ exclude: [''] }, 'race({ exclude }): expected parts of paths or RegExps, and no globs, got ""'],
    [{ ignore: { 'stats.hits': ' ' } }, 'race({ ignore }): stats.hits: expected a reason, as text, got " "'],
    [{ level: 'most' as 'all' }, 'race({ level }): expected "stale", "order", "all" or "go", got "most"'],
  ])('%o', (options, message) => {
    expect(() => race(options)).toThrow(message)
  })
})
