// The image filter in headless Chromium: the page draws frames while its picture is blurred on threads.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { chromium, openPage, type Page } from './chromium.js'
import { start, type Program } from './program.js'

if (chromium === undefined)
  console.warn('examples/image-filter DID NOT RUN: install Chromium (Debian: apt-get install chromium), or set CHROMIUM to its path')

interface Report {
  readonly blurs: number
  readonly ms: number
  readonly frames: number
  readonly median: number | null
  readonly longest: number | null
}

describe.skipIf(chromium === undefined)('the image filter', { timeout: 120_000 }, () => {
  let program: Program
  let page: Page

  beforeAll(async () => {
    program = start('examples/image-filter/server.ts')
    const lines = createInterface({ input: program.process.stdout as NodeJS.ReadableStream })
    const [address] = (await once(lines, 'line')) as [string]
    page = await openPage(chromium as string, address) // the suite is skipped without
    const isReady = () => page.evaluate('crossOriginIsolated && typeof run')
    await vi.waitFor(async () => expect(await isReady()).toBe('function'), { timeout: 50_000, interval: 100 })
  }, 60_000)
  afterAll(async () => {
    await page[Symbol.asyncDispose]()
    program.process.kill('SIGTERM')
    expect((await program.ended).status).toBe(143) // by vite, for SIGTERM
  }, 20_000)

  /** The report of a run, and its picture. */
  async function run(way: string, until: object) {
    const report = (await page.evaluate(`run('${way}', ${JSON.stringify(until)})`)) as Report
    return { ...report, picture: await page.evaluate('checksum()') }
  }

  // A thread that works draws no frame: so the frames tell who works, on a busy machine too, where they are late.
  test('draws 60 frames while it blurs on threads, and none while it blurs on its own thread; the pictures are equal', async () => {
    const here = await run('here', { times: 2 })
    expect(here.frames).toBe(0)
    const threads = await run('threads', { frames: 60 })
    expect(threads.frames).toBeGreaterThanOrEqual(60)
    expect(threads.picture).toBe(here.picture)
  })
})
