/** The digest of a folder, on our threads and on piscina's. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start } from './program.js'

let folder: string
const files = new Map<string, Buffer>()

function add(path: string, content: Buffer): void {
  files.set(join(folder, path), content)
  writeFileSync(join(folder, path), content)
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'digest-'))
  mkdirSync(join(folder, 'below/deeper'), { recursive: true })
  add('empty', Buffer.alloc(0))
  add('blocks.bin', randomBytes(2.5 * 1024 * 1024))
  for (let n = 0; n < 20; n++) add(`below/deeper/${n}.txt`, Buffer.from('a line of text\n'.repeat(n)))
})
afterAll(() => rmSync(folder, { recursive: true }))

const run = (...args: string[]) => start('examples/digest/main.ts', args)
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex')

describe.each(['millrace', 'piscina'])('on the threads of %s', (pool) => {
  test('has the hash of each file', async () => {
    const { status, stdout } = await run(folder, '--with', pool, '--list', '--threads', '2').ended
    expect(status).toBe(0)
    expect([...stdout].sort()).toEqual([...files].map(([path, content]) => `${sha256(content)}  ${path}`).sort())
  })

  test('sums by extension', async () => {
    const { status, stdout, stderr } = await run(folder, '--with', pool, '--top', '1').ended
    expect(status).toBe(0)
    const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0)
    expect(stderr.at(-1)).toContain(`22 files, ${(bytes / 1e6).toFixed(1)} MB in `)
    expect(stdout.filter((line) => /\.bin|\.txt|total/.test(line)).map((line) => line.split('│')[1]?.trim())).toEqual(['.bin', 'total'])
  })

  test('names a file that cannot be read, and digests the others', async () => {
    const some = mkdtempSync(join(tmpdir(), 'digest-some-'))
    for (const name of ['a', 'refused', 'z']) writeFileSync(join(some, name), name)
    const args = [some, '--with', pool, '--list']
    const { status, stdout, stderr } = await start('examples/digest/main.ts', args, {
      node: ['--require', './test/examples/refuse-a-file.cjs'],
    }).ended
    rmSync(some, { recursive: true })
    expect({ status, files: stdout.map((line) => line.slice(66)).sort() }).toEqual({ status: 1, files: [join(some, 'a'), join(some, 'z')] })
    expect(stderr.at(-2)).toBe(`${join(some, 'refused')}: EACCES: permission denied, open '${join(some, 'refused')}'`)
  })

  test('a signal cuts it short, with the summary so far', async () => {
    const many = mkdtempSync(join(tmpdir(), 'digest-many-'))
    for (let n = 0; n < 40; n++) writeFileSync(join(many, `${n}.bin`), randomBytes(8 * 1024 * 1024))
    try {
      const { process: child, ended } = run(many, '--with', pool, '--list')
      await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')
      child.kill('SIGINT')
      const { status, stdout, stderr } = await ended
      expect(status).toBe(130)
      expect(stderr.join('\n')).toMatch(/cut short: .*SIGINT/)
      expect(stdout.length).toBeLessThan(40)
      expect(stderr.at(-1)).toMatch(new RegExp(`^${stdout.length} files, `))
    } finally {
      rmSync(many, { recursive: true })
    }
  })
})

test('the size in gzip is that of the blocks', async () => {
  const one = mkdtempSync(join(tmpdir(), 'digest-one-'))
  const content = randomBytes(300_000)
  writeFileSync(join(one, 'a.bin'), content)
  const { stdout } = await run(one).ended
  rmSync(one, { recursive: true })
  expect(stdout.join('\n')).toContain(`'${(gzipSync(content).length / 1e6).toFixed(1)}'`)
})

test.each([
  [['missing/folder'], 1, 'error: cannot opendir: no such file or directory'],
  [[], 2, "error: missing required argument 'folder'"],
  [['.', '--threads', '0'], 2, "error: option '-t, --threads <n>' argument '0' is invalid. Expected a whole number, 1 or more."],
  [['.', '--with', 'luck'], 2, "error: option '--with <pool>' argument 'luck' is invalid. Allowed choices are millrace, piscina."],
] as const)('%j ends with %d', async (args, expected, line) => {
  const { status, stderr } = await run(...args).ended
  expect({ status, line: stderr[0] }).toEqual({ status: expected, line })
})
