import { describe, expect, it } from 'vitest'
import { go, gosched, numGoroutine, syncMap, waitGroup, type WaitGroup, type SyncMap } from 'millrace'
import { settle } from '../support/settle.js'

interface Page {
  readonly body: string
  readonly urls: readonly string[]
}

const root = 'https://golang.org/'
const pages: Record<string, Page> = {
  [root]: { body: 'The Go Programming Language', urls: [`${root}pkg/`, `${root}cmd/`] },
  [`${root}pkg/`]: { body: 'Packages', urls: [root, `${root}cmd/`, `${root}pkg/fmt/`, `${root}pkg/os/`] },
  [`${root}pkg/fmt/`]: { body: 'Package fmt', urls: [root, `${root}pkg/`] },
  [`${root}pkg/os/`]: { body: 'Package os', urls: [root, `${root}pkg/`] },
}

interface Crawl {
  readonly seen: SyncMap<string, true>
  readonly wg: WaitGroup
  readonly lines: string[]
  fetches: number
}

function* fetchPage(crawl: Crawl, url: string) {
  crawl.fetches++
  yield* gosched()
  const page = pages[url] as Page | undefined
  if (page === undefined) throw new Error(`not found: ${url}`)
  return page
}

/** Visits the page and every page it links to, each once, concurrently. */
function* visit(crawl: Crawl, url: string, depth: number): Generator<never, void> {
  if (depth <= 0 || crawl.seen.loadOrStore(url, true).loaded) return
  try {
    const { body, urls } = yield* fetchPage(crawl, url)
    crawl.lines.push(`found: ${url} "${body}"`)
    for (const next of urls) crawl.wg.go(visit, crawl, next, depth - 1)
  } catch (error) {
    crawl.lines.push((error as Error).message)
  }
}

function* crawlFrom(url: string, depth: number) {
  const crawl: Crawl = { seen: syncMap(), wg: waitGroup(), lines: [], fetches: 0 }
  crawl.wg.go(visit, crawl, url, depth)
  yield* crawl.wg.wait()
  return crawl
}

const found = Object.entries(pages).map(([url, { body }]) => `found: ${url} "${body}"`)
const notFound = `not found: ${root}cmd/`

describe('P-05 web crawler', () => {
  it.each([
    { depth: 1, fetches: 1, lines: found.slice(0, 1) },
    { depth: 2, fetches: 3, lines: [...found.slice(0, 2), notFound] },
    { depth: 3, fetches: 5, lines: [...found, notFound] },
    { depth: 4, fetches: 5, lines: [...found, notFound] },
  ])('P-05 fetches each page once, down to a depth of $depth', async ({ depth, fetches, lines }) => {
    const before = numGoroutine()
    const crawl = await go(crawlFrom, root, depth).join()
    expect(crawl.lines.sort()).toEqual(lines.sort())
    expect(crawl.fetches).toBe(fetches)
    await settle()
    expect(numGoroutine()).toBe(before)
  })
})
