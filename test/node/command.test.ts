import { readFileSync } from 'node:fs'
import { after, background, go, range, select, sleep, withCancel, type Option } from 'millrace'
import { command, ExitError, type StreamReceiver } from 'millrace/node'
import { describe, expect, it } from 'vitest'
import { folder } from './folder.js'
import { descriptorsOf } from './open-streams.js'
import { startWith } from './program.js'

/** A program of Node. */
const node = (code: string, options = {}) => command(process.execPath, ['-e', code], options)

async function textOf(output: StreamReceiver<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of output) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function valueOf<T>(option: Option<T>): T {
  if (option._tag === 'None') throw new Error('there is no value')
  return option.value
}

const isAlive = (pid: number | undefined): boolean => {
  try {
    return process.kill(pid ?? 0, 0)
  } catch {
    return false
  }
}

it('passes input through a child, 8 MB with backpressure', async () => {
  const cat = command('cat')
  const chunk = new Uint8Array(64 * 1024).fill(65)
  const writing = go(function* () {
    for (let n = 0; n < 128; n++) yield* cat.stdin.send(chunk)
    cat.stdin.close()
  })
  let bytes = 0
  await go(function* () {
    for (const it = range(cat.stdout); yield* it.next();) bytes += it.value.length
  }).join()
  await writing.join()
  await cat.exit()
  expect(bytes).toBe(8 * 1024 * 1024)
})

it.skipIf('Bun' in globalThis || 'Deno' in globalThis)('a child for which no descriptor is left fails, and so do its sides', async () => {
  const { status, stdout, stderr } = await (await startWith({ descriptors: 64 }, 'no-descriptors')).ended
  expect(stderr).toBe('')
  const ends = JSON.parse(stdout) as Record<string, string>
  expect(ends).toEqual(Object.fromEntries(Object.keys(ends).map((side) => [side, 'EMFILE'])))
  expect(Object.keys(ends)).toHaveLength(6)
  expect(status).toBe(0)
})

it('children that have ended leave no descriptors', async () => {
  const [before, children] = [descriptorsOf(''), 50] // the host opens a few, whenever it likes
  for (let n = 0; n < children; n++) await command('true').exit()
  await expect.poll(() => descriptorsOf('')).toBeLessThan(before + children)
})

it('a child whose output is not received waits', async () => {
  const total = 64 * 2 ** 20
  const child = command('head', ['-c', String(total), '/dev/zero'])
  const first = await child.stdout.receive()
  expect(first._tag).toBe('Some')
  await sleep(20)
  const { size, capacity } = child.stdout
  // Bun reads a socket until it is empty, and the child fills it meanwhile: what is read at once has no bound but the child's wait.
  expect(size).toBeLessThanOrEqual('Bun' in globalThis ? total / 2 : capacity + 64 * 1024)
  expect(isAlive(child.pid)).toBe(true)
  await child[Symbol.asyncDispose]()
  expect(isAlive(child.pid)).toBe(false)
})

it('output and input that nobody asked for do not hold the child', async () => {
  await node(`process.stdout.write('x'.repeat(1e6)); process.stdin.resume().on('end', () => {})`).exit()
})

it('a side that is asked for after the wait for the exit began is an error, and not an empty stream', async () => {
  const cat = command('cat')
  const exit = go(() => cat.exit()).join()
  await sleep(0)
  expect(() => cat.stdout).toThrow(
    'command: exit() of cat was performed before stdout was asked for, so its output is read away; ask for stdout first',
  )
  expect(() => cat.stdin).toThrow('so its input is closed; ask for stdin first')
  await exit
})

it('an exit status is an error with the end of the error output', async () => {
  const failed = node(`console.error('x'.repeat(10000) + 'the reason'); process.exitCode = 3`)
  const end = await failed.exit().attempt()
  expect(end).toMatchObject({ _tag: 'Left', left: { code: 3, signal: null } })
  const { left } = end as { left: ExitError }
  expect(left).toBeInstanceOf(ExitError)
  expect(left.stderr).toHaveLength(4096)
  expect(left.message).toMatch(/exited with status 3: .*the reason$/)
})

it('the error output can be received, and is in the error all the same', async () => {
  const failed = node(`console.error('why'); process.exit(1)`)
  expect(await textOf(failed.stderr)).toBe('why\n')
  await expect(failed.exit()).rejects.toMatchObject({ stderr: 'why\n' })
})

it('a child that a signal ends names the signal', async () => {
  const waiting = node('setInterval(() => {}, 1000)')
  process.kill(waiting.pid ?? 0, 'SIGKILL')
  await expect(waiting.exit()).rejects.toMatchObject({ code: null, signal: 'SIGKILL' })
})

it('a program that does not exist is the error of Node', async () => {
  const missing = command('no-such-program-here')
  await expect(missing.exit()).rejects.toMatchObject({ code: 'ENOENT' })
  expect(missing.pid).toBeUndefined()
})

describe('the end of the context', () => {
  it('terminates the child, and exit throws the cause when it has ended', async () => {
    const ctx = withCancel(background)
    const waiting = node('setInterval(() => {}, 1000)', { ctx })
    const exit = go(() => waiting.exit())
    await sleep(50)
    const cause = new Error('over')
    ctx.cancel(cause)
    await expect(exit.join()).rejects.toBe(cause)
    expect(isAlive(waiting.pid)).toBe(false)
  })

  it('kills a child that ignores SIGTERM after the grace', async () => {
    const ctx = withCancel(background)
    const stubborn = node(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')`, { ctx, grace: 50 })
    await stubborn.stdout.receive()
    ctx.cancel()
    await expect(stubborn.exit()).rejects.toThrow('context canceled')
    expect(isAlive(stubborn.pid)).toBe(false)
  })

  it('is no failure for a child that then exits with 0', async () => {
    const ctx = withCancel(background)
    const polite = node(`process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000); console.log('ready')`, { ctx })
    await polite.stdout.receive()
    ctx.cancel()
    await polite.exit()
  })
})

it('await using terminates the child and waits for its end', async () => {
  let pid
  {
    await using waiting = node('setInterval(() => {}, 1000)')
    pid = waiting.pid
    expect(isAlive(pid)).toBe(true)
  }
  expect(isAlive(pid)).toBe(false)
})

describe.skipIf('Deno' in globalThis)('a process that the child has started, and that keeps the output open,', () => {
  /** A child that ends, with a process of its own that lives on with its output. */
  const leaving = (pidFile: string, options = {}) => command('sh', ['-c', 'sleep 1000 & echo $! > "$0"; echo hi', pidFile], options)
  const end = (pidFile: string) => process.kill(Number(readFileSync(pidFile, 'utf8')))

  it('does not hold the exit where nobody receives', async () => {
    using home = folder()
    await leaving(home.at('pid'), { grace: 20 }).exit()
    end(home.at('pid'))
  })

  it('holds the exit where the output is received, until the child is terminated', async () => {
    using home = folder()
    const ctx = withCancel(background)
    const child = leaving(home.at('pid'), { grace: 20, ctx })
    expect(String(Buffer.from(valueOf(await child.stdout.receive())))).toBe('hi\n')
    const exit = go(() => child.exit())
    expect((await select({ exit: exit.join(), later: after(100) })).case).toBe('later')
    const next = go(() => child.stdout.receive())
    const cause = new Error('over')
    ctx.cancel(cause)
    await expect(next.join()).rejects.toBe(cause)
    await exit.join()
    end(home.at('pid'))
  })

  it('does not hold await using', async () => {
    using home = folder()
    {
      await using child = leaving(home.at('pid'), { grace: 20 })
      await child.stdout.receive()
    }
    end(home.at('pid'))
  })
})

it('input for a child that has ended fails with EPIPE, and no error is unhandled', async () => {
  const deaf = node('process.stdin.destroy(); setTimeout(() => {}, 50)')
  const sending = go(function* () {
    for (;;) yield* deaf.stdin.send(new Uint8Array(100_000))
  })
  await expect(sending.join()).rejects.toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET|ERR_STREAM/) as string })
  await deaf.exit()
})

it('throws TypeError for arguments of the wrong type', () => {
  expect(() => command(1 as never)).toThrow(TypeError)
  expect(() => command('ls', 'a' as never)).toThrow(TypeError)
  expect(() => command('ls', [], { ctx: {} as never })).toThrow(TypeError)
  expect(() => command('ls', [], { grace: NaN })).toThrow(RangeError)
})
