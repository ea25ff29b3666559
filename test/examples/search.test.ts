// The search page in headless Chromium. Without a Chromium this suite does not run, and says so.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { chromium, openPage, type Page } from './chromium.js'
import { start, type Program } from './program.js'

if (chromium === undefined)
  console.warn('examples/search DID NOT RUN: install Chromium (Debian: apt-get install chromium), or set CHROMIUM to its path')

describe.skipIf(chromium === undefined)('the search page', () => {
  let program: Program
  let page: Page
  let origin = ''

  beforeAll(async () => {
    program = start('examples/search/server.ts')
    const lines = createInterface({ input: program.process.stdout as NodeJS.ReadableStream })
    ;[origin] = (await once(lines, 'line')) as [string]
    page = await openPage(chromium as string, origin) // the suite is skipped without
    const drawn = () => page.evaluate("document.querySelectorAll('#live li').length")
    await vi.waitFor(async () => expect(await drawn()).toBeGreaterThan(0), { timeout: 40_000, interval: 100 })
  }, 60_000)
  afterAll(async () => {
    await page[Symbol.asyncDispose]()
    program.process.kill('SIGTERM')
    expect((await program.ended).status).toBe(0)
  }, 20_000)

  const type = (text: string) =>
    page.evaluate(`query.value = ${JSON.stringify(text)}; query.dispatchEvent(new Event('input')); undefined`) as Promise<undefined>
  const results = () => page.evaluate("[...document.querySelectorAll('#results li')].map((item) => item.textContent)")
  const status = () => page.evaluate("document.getElementById('status').textContent")
  const seen = async (text: string) => {
    const all = (await (await fetch(`${origin}api/seen`)).json()) as { text: string; end: string | null }[]
    return all.filter((entry) => entry.text === text).map(({ end }) => end)
  }

  test('asks for the text when the typing pauses', async () => {
    await page.evaluate("for (const text of ['e', 'es', 'ess']) { query.value = text; query.dispatchEvent(new Event('input')) }")
    await expect.poll(results, { timeout: 10_000 }).toEqual(['Essen'])
    expect(await seen('e')).toEqual([])
    expect(await seen('ess')).toEqual(['responded'])
    expect(await status()).toBe('1 found')
  })

  test('aborts the request for the text before', async () => {
    await type('d') // a slow one
    await expect.poll(() => seen('d'), { timeout: 10_000 }).toEqual([null])
    await type('del')
    await expect.poll(results, { timeout: 10_000 }).toEqual(['Delft'])
    expect(await seen('d')).toEqual(['left'])
  })

  test('sends a request again that the server has refused', async () => {
    await type('ber')
    await expect.poll(results, { timeout: 10_000 }).toEqual(['Bern', 'Berlin', 'Bergen'])
    expect(await seen('ber')).toEqual(['refused', 'responded'])
  })

  test('draws the list once in a frame, and is never behind', async () => {
    const shown = () => page.evaluate("[...document.querySelectorAll('#live li')].map((item) => item.textContent.split(' ')[1])")
    await expect.poll(shown, { timeout: 30_000 }).toEqual(Array(11).fill('100'))
    expect(Number(await page.evaluate("document.getElementById('live').dataset.drawn"))).toBeLessThan(1_000)
  })
})
