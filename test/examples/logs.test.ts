import fc from 'fast-check'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Top, type Row } from '../../examples/logs/top.js'
import { start } from './program.js'

interface Result {
  complete: boolean
  cutShort?: string
  entries: number
  malformed: number
  late: number
  from: string | null
  to: string | null
  paths: Row[]
  clients: Row[]
  countries: Row[]
}

let folder: string
let out: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'logs-'))))
beforeEach(() => void (out = mkdtempSync(join(folder, 'out-'))))
afterAll(() => rmSync(folder, { recursive: true }))

const data = () => join(folder, 'data')
const run = (...args: string[]) =>
  start('examples/logs/main.ts', ['--out', out, '--data', data(), ...args], { node: ['--max-semi-space-size=2'] })
const top = () => JSON.parse(readFileSync(join(out, 'top.json'), 'utf8')) as Result
const minutes = () => {
  const [head, ...rows] = readFileSync(join(out, 'minutes.csv'), 'utf8').trimEnd().split('\n')
  expect(head).toBe('minute,requests,errors,visits,bytes')
  return rows.map((row) => {
    const [minute, ...numbers] = row.split(',')
    const [requests, errors, visits, bytes] = numbers.map(Number)
    return { minute, requests, errors, visits, bytes }
  })
}
const requests = () => minutes().reduce((sum, row) => sum + row.requests, 0)

function logOf(name: string, lines: readonly string[]): string {
  const path = join(folder, name)
  writeFileSync(path, gzipSync(lines.join('\n')))
  return path
}

const line = (client: string, time: string, path = '/', status = 200, bytes: number | string = 10) =>
  `${client} - - [02/Nov/2026:${time}] "GET ${path} HTTP/1.1" ${status} ${bytes} "-" "test"`

describe.each(['millrace', 'rxjs'])('the log reader, style %s', (style) => {
  test('counts by minute, and the most frequent', async () => {
    const first = logOf('first.gz', [
      line('1.2.3.4', '10:00:00 +0000', '/a'),
      line('1.2.9.9', '10:00:59 +0000', '/b', 503),
      'no line of a log',
      line('1.2.3.4', '10:01:00 +0000', '/a', 200, '-'),
      '',
    ])
    const second = logOf('second.gz', [
      line('1.2.3.4', '11:31:00 +0100', '/a'),
      line('1.2.3.4', '12:02:00 +0100', '/a'), // the 31st minute after: a new visit
      line('7.7.7.7', '12:02:30 +0100', '/c', 404, 7), // the last line has no line break
    ])
    const { status, stderr } = await run('--style', style, first, second).ended
    expect(stderr.at(-1)).toMatch(/^6 entries in .* s, 1 malformed lines, peak memory \d+ MB$/)
    expect(status).toBe(0)
    expect(minutes()).toEqual([
      { minute: '2026-11-02T10:00Z', requests: 2, errors: 1, visits: 2, bytes: 20 },
      { minute: '2026-11-02T10:01Z', requests: 1, errors: 0, visits: 0, bytes: 0 },
      { minute: '2026-11-02T10:31Z', requests: 1, errors: 0, visits: 0, bytes: 10 },
      { minute: '2026-11-02T11:02Z', requests: 2, errors: 0, visits: 2, bytes: 17 },
    ])
    const { paths, clients, countries, ...rest } = top()
    expect(paths).toEqual([
      { key: '/a', count: 4, error: 0 },
      { key: '/b', count: 1, error: 0 },
      { key: '/c', count: 1, error: 0 },
    ])
    expect(clients[0]).toEqual({ key: '1.2.3.4', count: 4, error: 0 })
    expect(countries.reduce((sum, { count }) => sum + count, 0)).toBe(6)
    expect(rest).toEqual({
      complete: true,
      entries: 6,
      malformed: 1,
      late: 0,
      from: '2026-11-02T10:00:00.000Z',
      to: '2026-11-02T11:02:00.000Z',
    })
  })

  test('on SIGINT leaves what it has read, and says that it is not all', async () => {
    const program = run('--style', style, '--size', '5', '--latency', '20')
    for await (const line of createInterface({ input: program.process.stderr as NodeJS.ReadableStream }))
      if (/ [1-9]\d* entries/.test(line)) break
    program.process.kill('SIGINT')
    const { status } = await program.ended
    expect(status).toBe(130)
    const { complete, cutShort, entries, paths } = top()
    expect({ complete, cutShort }).toEqual({ complete: false, cutShort: 'SIGINT received' })
    expect(entries).toBeGreaterThan(0)
    expect(requests()).toBe(entries)
    expect(paths[0].key).toBe('/')
    expect(readdirSync(out).sort()).toEqual(['minutes.csv', 'top.json'])
  })

  test('keeps what it has read of a file that ends too soon, and ends with status 1', async () => {
    const broken = logOf(
      'broken.gz',
      Array.from({ length: 5_000 }, (_, i) => line(`1.2.3.${i % 250}`, '10:00:00 +0000', `/${Math.random()}`)),
    )
    truncateSync(broken, 50_000)
    const { status, stderr } = await run('--style', style, broken).ended
    expect(status).toBe(1)
    expect(stderr.join('\n')).toContain(`cannot read '${broken}': unexpected end of file`)
    expect(stderr.join('\n')).not.toMatch(/^ {4}at /m)
    expect(top()).toMatchObject({ complete: false, cutShort: `cannot read '${broken}': unexpected end of file` })
    expect(top().entries).toBe(requests())
    expect(requests()).toBeGreaterThan(500)
  })
})

test('generates logs where it is given none, once, and reads each line of them', async () => {
  const first = await run('--size', '3').ended
  expect(first.status).toBe(0)
  expect(first.stderr[0]).toMatch(/^generating 3 MB of logs in /)
  const { entries, malformed, paths } = top()
  expect(entries).toBeGreaterThan(20_000)
  expect(malformed).toBe(Math.floor((entries + malformed) / 10_000))
  expect(requests()).toBe(entries)
  expect(paths).toHaveLength(20)
  const table = minutes()

  const again = await run('--size', '3', '--top', '3').ended
  expect(again.stderr[0]).not.toMatch(/^generating/)
  expect(minutes()).toEqual(table)
  expect(top().paths).toEqual(paths.slice(0, 3))
})

test('a generation that is cut short leaves nothing that looks whole', async () => {
  const program = run('--size', '901')
  await once(program.process.stderr as NodeJS.ReadableStream, 'data')
  program.process.kill('SIGINT')
  const { status } = await program.ended
  expect(status).toBe(130)
  expect(readdirSync(data()).filter((name) => name.includes('901MB') && name.endsWith('.gz'))).toEqual([])
  expect(existsSync(join(out, 'top.json'))).toBe(false)
})

test('reads no faster than the lookups answer', async () => {
  const program = run('--size', '20', '--latency', '500')
  let shown = 0
  for await (const line of createInterface({ input: program.process.stderr as NodeJS.ReadableStream })) {
    const read = /^(\d+) % read/.exec(line)
    if (read === null) continue
    expect(Number(read[1])).toBeLessThan(20) // the size of the stream buffers
    if (++shown === 2) break
  }
  program.process.kill('SIGINT')
  expect((await program.ended).status).toBe(130)
  expect(shown).toBe(2)
})

test('needs less than 150 MB, however much there is to read', async () => {
  const { stderr } = await run('--size', '20').ended.then(() => run('--size', '20').ended) // the first generates
  expect(Number(/peak memory (\d+) MB/.exec(stderr.at(-1) ?? '')?.[1])).toBeLessThan(150)
})

describe('what is wrong with the command line is said in one line, with status 2:', () => {
  test.each([
    ['workers of 0', ['--workers', '0'], "argument '0' is invalid. Expected a whole number, 1 or more."],
    ['a size that is no number', ['--size', 'big'], "argument 'big' is invalid. Expected a whole number, 1 or more."],
    ['a style there is not', ['--style', 'actor'], "argument 'actor' is invalid. Allowed choices are millrace, rxjs."],
    [
      'a file that is missing',
      ['no-such.gz'],
      "error: cannot read 'no-such.gz': no such file or directory. Expected a gzipped access log.",
    ],
    ['a directory', ['examples'], "error: cannot read 'examples': not a regular file. Expected a gzipped access log."],
  ])('%s', async (_what, args, message) => {
    const { status, stdout, stderr } = await run(...args).ended
    expect(stderr).toHaveLength(1)
    expect(stderr[0]).toContain(message)
    expect(stdout).toEqual([])
    expect(status).toBe(2)
  })

  test('a folder for the results that is a file', async () => {
    const log = logOf('one.gz', [line('1.2.3.4', '10:00:00 +0000')])
    const { status, stderr } = await run('--out', log, log).ended
    expect(stderr).toEqual([`error: cannot write '${log}': file already exists. Expected a folder for the results.`])
    expect(status).toBe(2)
  })
})

test('a top list counts too many by its error at most, and never too few', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.array(fc.nat(30), { maxLength: 300 }), (room, keys) => {
      const top = new Top(room)
      const counts = new Map<string, number>()
      for (const key of keys.map(String)) {
        top.add(key)
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
      const rows = top.rows(Infinity)
      expect(rows.length).toBeLessThanOrEqual(room)
      for (const { key, count, error } of rows) {
        expect(count).toBeGreaterThanOrEqual(counts.get(key) ?? 0)
        expect(count - error).toBeLessThanOrEqual(counts.get(key) ?? 0)
      }
      if (counts.size <= room) expect(rows.every(({ error }) => error === 0)).toBe(true)
    }),
  )
})
