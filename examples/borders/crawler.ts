/** Follows the links of a site: `crawler.ts http://127.0.0.1:8080/ [pages a second]`. Five pages at a time, each once, each host paced. */
import { backoff, fromPromise, pool, rateLimiter, syncMap, withRetry, type Context } from 'millrace'
import { main } from 'millrace/node'
import { fetchOp } from 'millrace/web'

const [first, perSecond = '20'] = process.argv.slice(2)
const limits = syncMap<string, ReturnType<typeof rateLimiter>>()
const seen = new Set<string>()

main(function* (ctx) {
  const pages = pool({ size: 5, ctx })
  const visit = (url: string): void => {
    if (seen.has(url)) return
    seen.add(url)
    pages.go(function* page(ctx) {
      const text = yield* withRetry(backoff({ first: 200, attempts: 3 }), (ctx) => load(ctx, url), { ctx }).attempt()
      if (text._tag === 'Left') return console.log(`${url}: ${String(text.left)}`)
      console.log(`${url}: ${text.right.length} characters`)
      for (const link of linksOf(text.right, url)) visit(link)
    })
  }
  visit(new URL(first).href)
  yield* pages.wait()
  console.log(`${seen.size} pages`)
})

function* load(ctx: Context, url: string): Generator<never, string> {
  const { host } = new URL(url)
  const { value: limiter } = limits.loadOrStore(host, rateLimiter(Number(perSecond), 1))
  yield* limiter.wait().within(ctx)
  using response = yield* fetchOp(url, { ctx, throwStatus: true }).timeout(5_000)
  return yield* fromPromise(response.text()).timeout(5_000)
}

/** The links to pages of the same origin. */
function linksOf(html: string, base: string): string[] {
  const { origin } = new URL(base)
  return [...html.matchAll(/href="([^"#]+)/g)].map(([, href]) => new URL(href, base).href).filter((url) => url.startsWith(`${origin}/`))
}
