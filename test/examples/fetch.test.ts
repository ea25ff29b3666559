import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { start } from './program.js'
import { watchSite } from './watched-site.js'

interface Line {
  url: string
  status: number | null
  bytes: number
  ms: number
  error: string | null
  title: string | null
  sha256: string | null
}

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'fetch-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const inFolder = (name: string) => join(folder, name)
const fetcher = (...args: string[]) => start('examples/fetch/main.ts', args)
const parse = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Line)
const linesIn = (path: string) => parse(readFileSync(path, 'utf8').split('\n').slice(0, -1))
const urlsOf = (lines: readonly Line[]) => lines.map(({ url }) => url)
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

function fileOf(lines: readonly string[]): string {
  const path = inFolder('urls.txt')
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  return path
}

/** An address without a listener. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}/`
}

describe.each(['pipeline', 'goroutine'])('the fetcher, %s style', (style) => {
  const run = (...args: string[]) => fetcher('--style', style, ...args)

  test('fetches its own site when it is given no URLs, within ten seconds, and names what failed and why', async () => {
    const out = inFolder('results.jsonl')
    const { status, stdout, stderr, ms } = await run('--out', out).ended
    expect(status).toBe(0)
    expect(ms).toBeLessThan(10_000)
    expect(stdout).toEqual([])

    const lines = linesIn(out)
    expect(lines).toHaveLength(300)
    expect(new Set(urlsOf(lines)).size).toBe(300)
    expect(lines.filter(({ error }) => error === null)).toHaveLength(288)
    expect(stderr.join('\n')).toMatch(
      /^300 URLs in .* 12 failed\n +288 ok\n +10 HTTP 404\n +1 (timed out|connection reset)\n +1 (timed out|connection reset)$/m,
    )
    expect(stderr[0]).toMatch(/^\d+ of 300 done, \d+ failed, \d+\.\d a second$/)
  })

  test('writes url, status, bytes, ms, error, title and sha256, a line for each URL, to stdout by default', async () => {
    await using site = await watchSite((path, response) => {
      response.writeHead(path === 'missing' ? 404 : 200).end(`<title>the ${path}</title>${'x'.repeat(100_000)}`)
    })
    const { status, stdout } = await run(site.url('here'), site.url('missing')).ended
    expect(status).toBe(0)
    const [here, missing] = parse(stdout).sort((a, b) => Number(a.status) - Number(b.status))
    const line = (name: string) => {
      const body = `<title>the ${name}</title>${'x'.repeat(100_000)}`
      const sha256 = createHash('sha256').update(body.slice(0, 65_536)).digest('hex')
      return { url: site.url(name), bytes: body.length, ms: expect.any(Number) as number, title: `the ${name}`, sha256 }
    }
    expect(here).toEqual({ ...line('here'), status: 200, error: null })
    expect(missing).toEqual({ ...line('missing'), status: 404, error: 'HTTP 404' })
  })

  test('takes URLs from arguments, files and stdin, as often as they are there', async () => {
    await using site = await watchSite((_path, response) => response.end())
    const file = fileOf(['# a comment', site.url('file'), '', `  ${site.url('twice')}\r`, site.url('twice')])
    const program = start('examples/fetch/main.ts', ['--style', style, site.url('argument'), file, '-'], { input: site.url('stdin') })
    const { status, stdout } = await program.ended
    expect(status).toBe(0)
    expect(urlsOf(parse(stdout)).sort()).toEqual(['argument', 'file', 'stdin', 'twice', 'twice'].map(site.url))
  })

  test('has as many requests in flight as it is told, never more', async () => {
    await using site = await watchSite((_path, response) => void setTimeout(() => response.end(), 20))
    const file = fileOf(numbers(40).map(site.url))
    const { status, stdout } = await run(file, '--concurrency', '3', '--rate', '1000', '--burst', '1000').ended
    expect(status).toBe(0)
    expect(stdout).toHaveLength(40)
    expect(site.most).toBe(3)
  })

  test('keeps to the rate', async () => {
    await using site = await watchSite((_path, response) => response.end())
    const file = fileOf(numbers(41).map(site.url))
    await run(file, '--rate', '40', '--concurrency', '4').ended
    expect(site.times).toHaveLength(41)
    const elapsed = Number(site.times.at(-1)) - Number(site.times[0])
    expect(elapsed).toBeGreaterThan(1_000 * 0.9) // the first takes longer to arrive than the last
    expect(elapsed).toBeLessThan(1_000 * 2)
  })

  test('lets a burst through at once after a quiet time', async () => {
    await using site = await watchSite(() => {}) // never responds: nine requests are open at once, or never
    const file = fileOf(numbers(9).map(site.url))
    const program = run(file, '--rate', '0.1', '--burst', '9', '--concurrency', '9')
    await site.seen('requests', 9)
    program.process.kill('SIGINT')
    expect((await program.ended).status).toBe(130)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'on %s gives up what is in flight within 100 ms, keeps what was fetched, and ends with status %i',
    async (signal, expected) => {
      await using site = await watchSite((path, response) => {
        if (Number(path) < 10) response.end('fetched')
      })
      const out = inFolder('results.jsonl')
      const program = run(
        fileOf(numbers(30).map(site.url)),
        '--out',
        out,
        '--concurrency',
        '4',
        '--rate',
        '1000',
        '--request-timeout',
        '1m',
      )
      await site.seen('requests', 14) // ten have a response, four wait

      const sent = performance.now()
      program.process.kill(signal)
      await site.seen('abandoned', 4)
      const { status, stderr } = await program.ended
      for (const time of site.abandoned) expect(time - sent).toBeLessThan(100)
      expect(status).toBe(expected)
      expect(stderr.join('\n')).toMatch(new RegExp(`^interrupted: .*${signal}`, 'm'))
      expect(
        linesIn(out)
          .map(({ url, status }) => [url, status])
          .sort(),
      ).toEqual(numbers(10).map((n) => [site.url(n), 200]))
      expect(site.times).toHaveLength(14)
    },
  )

  test('ends at the deadline, with a line for each URL that it did not fetch, and status 1', async () => {
    await using site = await watchSite((path, response) => {
      if (Number(path) < 2) response.end()
    })
    const urls = numbers(10).map(site.url)
    const { status, stdout, stderr, ms } = await run(fileOf(urls), '--concurrency', '2', '--rate', '1000', '--timeout', '1s').ended
    expect(status).toBe(1)
    expect(ms).toBeLessThan(5_000)
    const lines = parse(stdout)
    expect(urlsOf(lines).sort()).toEqual(urls)
    expect(lines.filter(({ error }) => error === null)).toHaveLength(2)
    expect(lines.filter(({ error }) => error === 'not fetched: context deadline exceeded')).toHaveLength(8)
    expect(stderr.join('\n')).toMatch(/^cut short after 1s: context deadline exceeded\n10 URLs .* 8 failed\n +8 not fetched\n +2 ok$/m)
  })

  test('uses its time to the deadline, also where the next request would start after it', async () => {
    await using site = await watchSite((_path, response) => void setTimeout(() => response.end(), 800))
    const { status, stdout } = await run(fileOf(numbers(3).map(site.url)), '--rate', '0.5', '--timeout', '1500ms').ended
    expect(status).toBe(1)
    expect(parse(stdout)).toMatchObject([
      { url: site.url(0), status: 200, error: null },
      { url: site.url(1), error: 'not fetched: context deadline exceeded' },
      { url: site.url(2), error: 'not fetched: context deadline exceeded' },
    ])
  })

  test('ends at the deadline although stdin stays open', async () => {
    await using site = await watchSite(() => {})
    const program = run('-', '--timeout', '1s')
    program.process.stdin?.write(`${site.url('a')}\n`)
    const { status, stdout } = await program.ended
    expect(status).toBe(1)
    expect(parse(stdout)).toMatchObject([{ url: site.url('a'), error: 'not fetched: context deadline exceeded' }])
  })

  test('gives one request no longer than its limit', async () => {
    await using site = await watchSite((path, response) => {
      if (path === 'fast') response.end()
      else if (path === 'stalls') response.write('half of')
    })
    const { status, stdout } = await run(site.url('hangs'), site.url('stalls'), site.url('fast'), '--request-timeout', '1s').ended
    expect(status).toBe(0)
    expect(parse(stdout).sort((a, b) => a.url.localeCompare(b.url))).toMatchObject([
      { url: site.url('fast'), status: 200, error: null },
      { url: site.url('hangs'), status: null, bytes: 0, error: 'timed out: no complete answer within 1s' },
      { url: site.url('stalls'), status: 200, bytes: 7, error: 'timed out: no complete answer within 1s' },
    ])
  })

  test('goes on after a bad URL, a refused connection and a reset one, and says what was wrong', async () => {
    await using site = await watchSite((path, response) => {
      if (path === 'resets') response.socket?.resetAndDestroy()
      else response.end()
    })
    const dead = await deadUrl()
    const file = fileOf(['ftp://example.test/', 'http://', 'not a URL', dead, site.url('resets'), site.url('ok')])
    const { status, stdout, stderr } = await run(file, '--concurrency', '1').ended
    expect(status).toBe(0)
    expect(parse(stdout).map(({ url, error }) => [url, error])).toEqual([
      ['ftp://example.test/', 'bad URL "ftp://example.test/": expected http:// or https:// and a host'],
      ['http://', 'bad URL "http://": expected http:// or https:// and a host'],
      ['not a URL', 'bad URL "not a URL": expected http:// or https:// and a host'],
      [dead, `connection refused: ${new URL(dead).host}`],
      [site.url('resets'), `connection reset: ${new URL(site.url('')).host}`],
      [site.url('ok'), null],
    ])
    expect(stderr).toContain('     3 bad URL')
    expect(stderr).toContain('     1 connection refused')
  })

  test('reads a long list as it needs it, within a small heap', async () => {
    await using site = await watchSite(() => {})
    const out = inFolder('results.jsonl')
    const count = 200_000 // some 30 MB, were they kept
    const file = fileOf(numbers(count).map((n) => site.url(`some/page/that/has/a/name/of/some/length/${n}`)))
    const program = start('examples/fetch/main.ts', ['--style', style, file, '--out', out, '--timeout', '1s'], {
      node: ['--max-old-space-size=25'],
    })
    const { status, stderr } = await program.ended
    expect(stderr.join('\n')).toContain(`${count} not fetched`)
    expect(status).toBe(1)
    expect(readFileSync(out).filter((byte) => byte === 10)).toHaveLength(count)
  })
})

describe('what is wrong with the command line is said in one line, with status 2:', () => {
  test.each([
    [
      'a rate of 0',
      ['--rate', '0'],
      "error: option '-r, --rate <n>' argument '0' is invalid. Expected a number above 0, such as 20 or 0.5.",
    ],
    ['a rate that is no number', ['--rate', 'fast'], "argument 'fast' is invalid. Expected a number above 0, such as 20 or 0.5."],
    ['a concurrency of 1.5', ['--concurrency', '1.5'], "argument '1.5' is invalid. Expected a whole number, 1 or more."],
    ['a concurrency of 0', ['-c', '0'], "argument '0' is invalid. Expected a whole number, 1 or more."],
    ['a burst of -1', ['--burst', '-1'], "argument '-1' is invalid. Expected a whole number, 1 or more."],
    [
      'a duration without a unit',
      ['--timeout', '10'],
      "argument '10' is invalid. Expected a duration above 0, such as 500ms, 10s or 1m30s.",
    ],
    ['a duration of 0', ['--request-timeout', '0s'], "argument '0s' is invalid. Expected a duration above 0, such as 500ms, 10s or 1m30s."],
    ['a style there is not', ['--style', 'actor'], "argument 'actor' is invalid. Allowed choices are pipeline, goroutine."],
    [
      'workers for goroutines',
      ['--over', 'nats://127.0.0.1', '--style', 'goroutine'],
      "option '--over <server>' needs the style pipeline.",
    ],
    ['an option there is not', ['--fast'], "error: unknown option '--fast'"],
    [
      'a file that is missing',
      ['no-such.txt'],
      "error: cannot read 'no-such.txt': no such file or directory. Expected an http(s) URL, a file of URLs, or - for stdin.",
    ],
    [
      'a directory',
      ['examples'],
      "error: cannot read 'examples': not a regular file. Expected an http(s) URL, a file of URLs, or - for stdin.",
    ],
    [
      'an out file in a folder there is not',
      ['--out', 'no/such/file'],
      "error: cannot write 'no/such/file': no such file or directory. Expected a file for the results.",
    ],
  ])('%s', async (_what, args, line) => {
    const { status, stdout, stderr } = await fetcher(...args).ended
    expect(stderr).toHaveLength(1)
    expect(stderr[0]).toContain(line)
    expect(stdout).toEqual([])
    expect(status).toBe(2)
  })

  test('--help explains all options and ends with status 0', async () => {
    const { status, stdout } = await fetcher('--help').ended
    expect(status).toBe(0)
    for (const option of ['--concurrency', '--rate', '--burst', '--timeout', '--request-timeout', '--out', '--style', '--over']) {
      expect(stdout.join('\n')).toContain(option)
    }
  })
})
