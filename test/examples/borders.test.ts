import Database from '../../examples/database/index.js'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createInterface } from 'node:readline'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { start, type Program } from './program.js'

const ROOM = 'examples/borders'
const programs = readdirSync(ROOM).filter((name) => name.endsWith('.ts'))

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'borders-'))))
afterAll(() => rmSync(folder, { recursive: true }))
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

function run(name: string, args: readonly string[], input?: string): Program {
  const program = start(`${ROOM}/${name}.ts`, args, { input })
  open.push(() => program.process.kill('SIGKILL'))
  return program
}

/** The lines of the output, as they come. */
const linesOf = (program: Program) =>
  createInterface({ input: program.process.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]() as AsyncIterator<string, undefined>

/** A program that has a server: its port, when it listens. */
async function listening(name: string, args: readonly string[]): Promise<{ program: Program; port: number }> {
  const program = run(name, args)
  const { value = '' } = await linesOf(program).next()
  return { program, port: Number(value.replace('listening on ', '')) }
}

async function drained({ process: child, ended }: Program): Promise<void> {
  child.kill('SIGTERM')
  const { status, stderr } = await ended
  expect(stderr).toEqual([])
  expect(status).toBe(0)
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  open.push(() => server.closeAllConnections(), server.close.bind(server))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each(programs)('%s has fewer than 80 lines, and the README says how many', (name) => {
  const lines = readFileSync(join(ROOM, name), 'utf8').split('\n').length - 1
  expect(lines).toBeLessThan(80)
  const row = readFileSync(join(ROOM, 'README.md'), 'utf8')
    .split('\n')
    .find((line) => line.includes(`(${name})`))
  expect(row).toMatch(new RegExp(`\\| ${lines} \\|$`))
})

test('there are ten', () => expect(programs).toHaveLength(10))

test('gzip-to-database loads the rows that are readings', async () => {
  const [from, to] = [join(folder, 'readings.ndjson.gz'), join(folder, 'readings.db')]
  const rows = Array.from({ length: 1_200 }, (_, i) => JSON.stringify({ sensor: `s${i % 7}`, celsius: i / 10 }))
  rows[600] = '{"sensor":7}'
  writeFileSync(from, gzipSync(rows.join('\n')))
  const { status, stdout, stderr } = await run('gzip-to-database', [from, to]).ended
  expect(stdout).toEqual(['1199 rows'])
  expect(stderr.join('\n')).toMatch(/^row 601: .*position 600 is invalid/)
  expect(status).toBe(0)
  const db = new Database(to, { readonly: true })
  expect(db.prepare('SELECT count(*), round(sum(celsius)) FROM readings').raw().get()).toEqual([1199, 71880])
  db.close()
})

test('csv-to-ndjson writes a line for each row', async () => {
  const [from, to] = [join(folder, 'people.csv'), join(folder, 'people.ndjson')]
  writeFileSync(from, 'name,born\nada,1815\n"hopper, grace",1906\n')
  expect((await run('csv-to-ndjson', [from, to]).ended).status).toBe(0)
  expect(readFileSync(to, 'utf8')).toBe('{"name":"ada","born":"1815"}\n{"name":"hopper, grace","born":"1906"}\n')
})

test('csv-to-ndjson leaves no file behind for a csv that is broken', async () => {
  const [from, to] = [join(folder, 'broken.csv'), join(folder, 'broken.ndjson')]
  writeFileSync(from, 'name,born\nada\n')
  expect((await run('csv-to-ndjson', [from, to]).ended).status).toBe(1)
  expect(readdirSync(folder).filter((name) => name.includes('broken.ndjson'))).toEqual([])
})

test('tail-log prints the lines that are added, also after the file was begun anew', async () => {
  const file = join(folder, 'server.log')
  writeFileSync(file, 'before error\n')
  const program = run('tail-log', [file, 'error'])
  const lines = linesOf(program)
  expect((await lines.next()).value).toBe(`watching ${file}`)
  appendFileSync(file, 'fine\nfirst err')
  appendFileSync(file, 'or\n')
  expect((await lines.next()).value).toBe('first error')
  writeFileSync(file, 'error\n')
  expect((await lines.next()).value).toBe('error')
  program.process.kill('SIGINT')
  expect((await program.ended).status).toBe(130)
})

test('http-proxy passes bodies both ways', async () => {
  const origin = await serve((request, response) => {
    response.writeHead(201, { 'x-method': request.method, 'set-cookie': ['a=1', 'b=2'] })
    request.pipe(response)
  })
  const { program, port } = await listening('http-proxy', [origin])
  const body = Buffer.alloc(3_000_000, 'abc')
  const response = await fetch(`http://127.0.0.1:${port}/path`, { method: 'POST', body })
  expect([response.status, response.headers.get('x-method'), response.headers.getSetCookie()]).toEqual([201, 'POST', ['a=1', 'b=2']])
  expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true)
  await drained(program)
})

test('http-proxy reads no faster than its client, and a client that leaves ends the request to the origin', async () => {
  let written = 0
  const left = new Promise<void>((resolve) => {
    void serve((_request, response) => {
      response.once('close', resolve)
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) written += 65_536
      }
      response.on('drain', write)
      write()
    }).then(async (origin) => {
      const { port } = await listening('http-proxy', [origin])
      const client = new AbortController()
      const response = await fetch(`http://127.0.0.1:${port}/`, { signal: client.signal })
      await response.body?.getReader().read()
      for (let before = -1; before !== written;) {
        before = written
        await new Promise((resolve) => setTimeout(resolve, 300)) // the buffers of the sockets fill
      }
      client.abort()
    })
  })
  await left
  expect(written).toBeLessThan(64_000_000)
})

test('websocket-fan-out passes each message to all clients', async () => {
  const { program, port } = await listening('websocket-fan-out', [])
  const clients = [1, 2, 3].map(() => new WebSocket(`ws://127.0.0.1:${port}`))
  await Promise.all(clients.map((client) => once(client, 'open')))
  const heard = clients.map(async (client) => String(((await once(client, 'message')) as [Buffer])[0]))
  clients[0].send('hello')
  expect(await Promise.all(heard)).toEqual(['hello', 'hello', 'hello'])
  clients[1].terminate()
  const again = once(clients[2], 'message')
  clients[0].send('still there')
  expect(String(((await again) as [Buffer])[0])).toBe('still there')
  await drained(program)
})

test('word-count connects processes', async () => {
  const { status, stdout } = await run('word-count', [], 'the cat, the dog\nand THE end; the '.repeat(20_000) + 'cat').ended
  expect(stdout.slice(0, 2)).toEqual(['80000 THE', '20001 cat'])
  expect(status).toBe(0)
})

test('checksum-tree prints the checksum of each file', async () => {
  const tree = join(folder, 'tree')
  mkdirSync(join(tree, 'below', 'node_modules'), { recursive: true })
  const files = { 'a.txt': 'a', 'below/b.bin': Buffer.alloc(200_000, 7), 'below/empty': '' }
  for (const [name, content] of Object.entries({ ...files, 'below/node_modules/c': 'c' })) writeFileSync(join(tree, name), content)
  const { status, stdout } = await run('checksum-tree', [tree]).ended
  const expected = Object.entries(files).map(
    ([name, content]) => `${createHash('sha256').update(content).digest('hex')}  ${join(tree, name)}`,
  )
  expect([...stdout].sort()).toEqual(expected.sort())
  expect(status).toBe(0)
})

test('crawler visits each page of a site once, paced', async () => {
  const times: number[] = []
  const pages: Record<string, string> = {
    '/': '<a href="/a">a</a> <a href="b#part">b</a> <a href="http://elsewhere.test/">no</a>',
    '/a': '<a href="/">back</a> <a href="/missing">x</a>',
    '/b': '<a href="/a">a</a>',
  }
  const origin = await serve(({ url = '' }, response) => {
    times.push(performance.now())
    response.writeHead(url in pages ? 200 : 404).end(pages[url])
  })
  const { status, stdout } = await run('crawler', [`${origin}/`, '10']).ended
  expect(stdout.at(-1)).toBe('4 pages')
  expect(stdout.filter((line) => line.includes('characters'))).toHaveLength(3)
  expect(stdout.join('\n')).toContain(`${origin}/missing: StatusError`)
  expect(status).toBe(0)
  expect(times).toHaveLength(6) // three attempts for the missing page
  expect(times[5] - times[0]).toBeGreaterThan(450)
})

test('upload-parts sends the parts that fail again, and completes', async () => {
  const [file, parts] = [join(folder, 'video'), new Map<string, string>()]
  const content = Buffer.from(Array.from({ length: 10_500 }, (_, i) => i % 251))
  writeFileSync(file, content)
  const failed = new Set<string>()
  const origin = await store(async (query, body) => {
    const number = query.get('partNumber') ?? ''
    if (number !== '' && !failed.has(number)) return void failed.add(number)
    if (number !== '') parts.set(number, await body)
    return { etag: `etag ${number}`, uploadId: 'u1' }
  })
  const { status, stdout } = await run('upload-parts', [file, `${origin}/bucket/video`, '1000']).ended
  expect(stdout).toEqual(['11 parts'])
  expect(status).toBe(0)
  const sent = Array.from({ length: 11 }, (_, i) => parts.get(String(i + 1))).join('')
  expect(sent).toBe(content.toString('latin1'))
})

test('upload-parts removes an upload that cannot be completed, also after Ctrl-C', async () => {
  const file = join(folder, 'part')
  writeFileSync(file, 'part')
  const removed: string[] = []
  let begun: () => void = () => {}
  const waiting = new Promise<void>((resolve) => (begun = resolve))
  const origin = await store(async (query, _body, method) => {
    if (method === 'DELETE') removed.push(query.get('uploadId') ?? '')
    if (query.has('partNumber')) begun()
    return query.has('partNumber') ? await new Promise(() => {}) : { uploadId: 'u2' } // a part that is never received
  })
  const program = run('upload-parts', [file, `${origin}/bucket/part`])
  await waiting
  program.process.kill('SIGINT')
  expect((await program.ended).status).toBe(130)
  expect(removed).toEqual(['u2'])
})

/** A store that responds with the result as JSON, or 503 where there is none. */
function store(answer: (query: URLSearchParams, body: Promise<string>, method: string) => Promise<object | void>): Promise<string> {
  const bodyOf = async (request: IncomingMessage) => await text(request.setEncoding('latin1'))
  return serve((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://store')
    void answer(searchParams, bodyOf(request), request.method ?? '').then((result) => {
      if (result === undefined) response.writeHead(503).end()
      else response.end(JSON.stringify(result))
    })
  })
}

test('server-sent-events has a stream for each client, which ends with the drain', async () => {
  const { program, port } = await listening('server-sent-events', ['0', '20'])
  const leaving = new AbortController()
  await fetch(`http://127.0.0.1:${port}`, { signal: leaving.signal })
  const response = await fetch(`http://127.0.0.1:${port}`)
  leaving.abort()
  const body = text(response.body as ReadableStream).catch(String)
  await new Promise((resolve) => setTimeout(resolve, 300)) // events of a ticker come
  await drained(program)
  const events = (await body).trim().split('\n\n')
  expect(events.length).toBeGreaterThan(2)
  expect(events[0]).toMatch(/^id: \d+\ndata: \{"count":\d+,"missed":\d+\}$/)
})
