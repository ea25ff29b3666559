/** Programs from public reports of other libraries, with real sockets, files and children: each failure arrives, and nothing stays open. */
import { execFileSync } from 'node:child_process'
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { createServer as createHttpServer, request } from 'node:http'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createGunzip, gzipSync } from 'node:zlib'
import { background, onLateFailure, sleep, withCancel } from 'millrace'
import { command, senderOf } from 'millrace/node'
import { fromReadable, throughDuplex, writeFileAtomic, writeTo } from 'millrace/node/operators'
import { collect, fromIterable, run } from 'millrace/operators'
import { take, tap, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { folder } from './folder.js'
import { descriptorsOf } from './open-streams.js'

const chunk = Buffer.alloc(65_536, 1)

function* endless(): Generator<Buffer> {
  for (;;) yield chunk
}

const errorOf = async (pipeline: Observable<unknown>, ctx = background): Promise<NodeJS.ErrnoException | undefined> => {
  const end = await run(ctx, pipeline).join().attempt()
  return end._tag === 'Left' ? (end.left as NodeJS.ErrnoException) : undefined // of the host
}

/** A server of sockets, closed at the end of the block. */
async function listening(accepted: (socket: Socket) => void): Promise<{ port: number } & AsyncDisposable> {
  const server: Server = createServer({ allowHalfOpen: true }, accepted)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  return { port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) }
}

let accept: (socket: Socket) => void = () => {}

const isReset = (error: NodeJS.ErrnoException | undefined): boolean => error?.code === 'ECONNRESET' || error?.code === 'EPIPE'

/** A server that writes a chunk, and resets each connection at the first chunk that arrives, or when told to. */
async function resetting(): Promise<{ port: number; reset(): void } & AsyncDisposable> {
  let last: Socket | undefined
  const server = await listening((socket) => {
    last = socket
    socket.on('error', () => {}).write('first')
    socket.once('data', () => socket.resetAndDestroy())
  })
  return { ...server, reset: () => last?.resetAndDestroy() }
}

it('a peer that resets in the middle is the error of a source and of a sink', async () => {
  await using server = await resetting()
  const open = (): Socket => connect(server.port)
  // the first chunk has arrived: where a reset comes together with a chunk, Node reports an end
  expect(await errorOf(fromReadable(open).pipe(tap(() => server.reset())))).toMatchObject({ code: 'ECONNRESET' })
  expect(isReset(await errorOf(fromIterable(endless()).pipe(writeTo(open))))).toBe(true)
})

it('a socket that is reset after the sink has written it does not end the process: that is a late failure of the sink', async () => {
  const [late, names]: [unknown[], string[]] = [[], []]
  const off = onLateFailure((error, { name }) => {
    late.push((error as NodeJS.ErrnoException).code) // of the host
    names.push(name)
  })
  const all = new Promise<Socket>((resolve) => (accept = resolve))
  await using server = await listening((socket) => accept(socket))
  const open = (): Socket => connect({ port: server.port, allowHalfOpen: true })
  expect(await errorOf(fromIterable(['all']).pipe(writeTo(open, { name: 'upload' })))).toBeUndefined()
  const far = await all
  far.on('error', () => {}).resetAndDestroy()
  await expect.poll(() => late).toEqual(['ECONNRESET'])
  expect(names).toEqual(['upload'])
  off()
})

it('a half-open socket is written after its other side has ended', async () => {
  const received: string[] = []
  await using server = await listening((socket) => {
    socket.end('bye')
    socket.on('data', (bytes) => received.push(String(bytes)))
  })
  async function* slow() {
    yield 'a'
    await sleep(30)
    yield 'b'
  }
  const stage = throughDuplex<string>(() => connect({ port: server.port, allowHalfOpen: true }))
  expect(String(Buffer.concat(await collect(background, fromIterable(slow()).pipe(stage)).join()))).toBe('bye')
  await expect.poll(() => received.join('')).toBe('ab')
})

it('a request whose client has left before it is read fails, and does not hang', async () => {
  let seen: unknown
  const server = createHttpServer((incoming, response) => {
    incoming.once('close', () => {
      void errorOf(fromReadable(incoming)).then((error) => {
        seen = error?.code
        response.end()
        server.close()
      })
    })
    client.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const client = request({ port: (server.address() as AddressInfo).port, method: 'POST' }) // it listens on a port
  client.on('error', () => {}).write(Buffer.alloc(10_000)) // of more the server sees no end before it reads
  // Bun ends the request without an error of its own.
  await expect.poll(() => seen).toBe('Bun' in globalThis ? 'ERR_STREAM_PREMATURE_CLOSE' : 'ECONNRESET')
})

it.skipIf('Bun' in globalThis)('a response whose client has left before it is written is a failure, and no response', async () => {
  const seen: unknown[] = []
  const server = createHttpServer((_, response) => {
    response.once('close', () => {
      void errorOf(fromIterable(['hello']).pipe(writeTo(response))).then(async (error) => {
        seen.push(error?.code)
        const out = senderOf(response)
        for (const end of [await out.send('hello').attempt(), await out.finished().attempt()])
          seen.push(end._tag === 'Left' && (end.left as NodeJS.ErrnoException).code) // of the host
        server.close()
      })
    })
    client.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const client = request({ port: (server.address() as AddressInfo).port }) // it listens on a port
  client.on('error', () => {}).end()
  const code = 'ERR_STREAM_PREMATURE_CLOSE'
  await expect.poll(() => seen).toEqual([code, code, code])
})

describe.skipIf(!existsSync('/dev/full'))('a full disk', () => {
  it('is ENOSPC', async () => {
    expect(await errorOf(fromIterable([chunk]).pipe(writeTo(() => createWriteStream('/dev/full'))))).toMatchObject({ code: 'ENOSPC' })
  })

  it('leaves no file behind', async (test) => {
    using home = folder()
    const disk = home.at('disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'ignore' })
    } catch {
      return test.skip('no right to mount a small tmpfs')
    }
    try {
      const chunks = Array.from({ length: 64 }, () => chunk)
      expect(await errorOf(fromIterable(chunks).pipe(writeFileAtomic(`${disk}/report`)))).toMatchObject({ code: 'ENOSPC' })
      expect(readdirSync(disk)).toEqual([])
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

it('a child that reads no input is EPIPE for the sender, and its exit is fine', async () => {
  const child = command('true')
  const sending = (async () => {
    for (let n = 0; n < 200; n++) await child.stdin.send(chunk)
  })()
  await expect(sending).rejects.toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET|ERR_STREAM/) as string })
  await child.exit()
})

describe('streams that are cut short', () => {
  it.each([
    ['rubbish', Buffer.from('rubbish'), 'Z_DATA_ERROR'],
    ['a part', gzipSync(Buffer.alloc(100_000)).subarray(0, 60), 'Z_BUF_ERROR'],
  ])('%s of a gzip file', async (_, bytes, code) => {
    expect(await errorOf(fromIterable([bytes]).pipe(throughDuplex(() => createGunzip())))).toMatchObject({ code })
  })

  it('files that are left early, or before they begin, are closed', async () => {
    await collect(background, fromReadable(() => createReadStream('/dev/zero')).pipe(take(1))).join()
    for (let n = 0; n < 10; n++) await collect(background, fromReadable(() => createReadStream('/dev/zero')).pipe(take(1))).join()
    const ended = withCancel(background)
    ended.cancel()
    for (let n = 0; n < 10; n++) await errorOf(fromReadable(createReadStream('/dev/zero')), ended)
    await expect.poll(() => descriptorsOf('/dev/zero')).toBe(0)
  })
})
