/** Changes of files and directories, of the real file system. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { background, sleep } from 'millrace'
import { EventsLostError, watch } from 'millrace/node'
import { writeFileAtomic } from 'millrace/node/operators'
import { fromIterable, run } from 'millrace/operators'
import { afterAll, describe, expect, it } from 'vitest'
import { folder as temporary } from './folder.js'

const home = temporary()
const folder = home.path
afterAll(() => home[Symbol.dispose]())

/** A directory with the file `a`. */
const tree = (name: string): string => {
  const dir = join(folder, name)
  mkdirSync(dir)
  writeFileSync(join(dir, 'a'), '')
  return dir
}

/** The open handles of watches. */
const handles = (): number => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('FSEvent')).length

const next = async (changes: ReturnType<typeof watch>): Promise<unknown> => {
  const change = await changes.receive().timeout(60_000)
  return change._tag === 'Some' ? change.value : undefined
}

describe('watch', () => {
  it('receives one event for several changes of a path', async () => {
    const dir = tree('several')
    using changes = watch(dir, { debounce: 100 })
    for (let i = 0; i < 5; i++) writeFileSync(join(dir, 'b'), String(i))
    expect(await next(changes)).toEqual({ path: join(dir, 'b'), kind: 'rename' })
    await sleep(150)
    expect(changes.size).toBe(0)
  })

  it('stays with a file that is replaced, and sees no other', async () => {
    const file = join(tree('replaced'), 'a')
    using changes = watch(pathToFileURL(file), { debounce: 20 })
    for (let i = 0; i < 3; i++) {
      writeFileSync(join(folder, 'replaced', 'other'), '')
      await run(background, fromIterable([String(i)]).pipe(writeFileAtomic(file))).join()
      expect(await next(changes)).toEqual({ path: file, kind: 'rename' })
    }
    writeFileSync(file, 'in place')
    expect(await next(changes)).toEqual({ path: file, kind: 'change' })
  })

  it('a time above the longest delay of a timer has no event at once', async () => {
    const dir = tree('endless')
    using changes = watch(dir, { debounce: Infinity })
    writeFileSync(join(dir, 'b'), '')
    await sleep(50)
    expect(changes.size).toBe(0)
  })

  it('a path that changes all the time has events', async () => {
    const file = join(tree('busy'), 'a')
    using changes = watch(file, { debounce: 20 })
    const timer = setInterval(() => writeFileSync(file, 'x'), 3)
    expect(await next(changes)).toEqual({ path: file, kind: 'change' })
    clearInterval(timer)
  })

  it('passes every event on without debounce, and sees directories below', async () => {
    const dir = tree('below')
    mkdirSync(join(dir, 'sub'))
    using changes = watch(dir, { debounce: 0, recursive: true })
    const timer = setInterval(() => writeFileSync(join(dir, 'sub', 'c'), ''), 20) // the host finds the directory when it likes
    expect(await next(changes)).toMatchObject({ path: join(dir, 'sub', 'c') })
    clearInterval(timer)
  })

  it('fails where more paths wait than the capacity', async () => {
    const dir = tree('many')
    const changes = watch(dir, { capacity: 2, debounce: 20 })
    for (const name of ['b', 'c', 'd', 'e']) writeFileSync(join(dir, name), '')
    await sleep(50)
    await expect(Promise.resolve(changes.closed().map(() => changes.tryReceive()))).rejects.toBeInstanceOf(EventsLostError)
  })

  it('closes its handle at every end, and is not there for a path that is not', async () => {
    const dir = tree('closed')
    const before = handles()
    const stopped = watch(dir)
    writeFileSync(join(dir, 'b'), '')
    renameSync(join(dir, 'b'), join(dir, 'c'))
    await sleep(10)
    stopped.stop()
    stopped.stop()
    expect(await next(stopped)).toBeUndefined()
    expect(() => watch(join(dir, 'none'))).toThrow('ENOENT')
    await expect.poll(handles).toBe(before)
  })
})
