/** One request, and what came of it. */
import { type Context, withTimeout } from 'millrace'
import { formatDuration } from './duration.js'
import { HEAD } from './enrich.js'
import type { Fetched } from './page.js'

/**
 * Fetches `url`, counts the bytes of its body and keeps the first of them, for `limit` ms at most.
 *
 * What goes wrong with one URL is a result that says so; it throws only when `ctx` ends, at once, with the request aborted.
 */
export async function fetchOne(ctx: Context, url: string, limit: number): Promise<Fetched> {
  const started = performance.now()
  let status: number | null = null
  let bytes = 0
  const kept: Uint8Array[] = []
  const page = (outcome: string, error: string | null = outcome): Fetched => {
    const head = status === null ? null : Buffer.concat(kept).toString('base64')
    return { url, status, bytes, ms: Math.round(performance.now() - started), error, outcome, head }
  }
  if (!isHttpUrl(url)) return page('bad URL', `bad URL ${JSON.stringify(url)}: expected http:// or https:// and a host`)

  using request = withTimeout(ctx, limit)
  try {
    const response = await fetch(url, { signal: request.signal })
    status = response.status
    for await (const chunk of response.body ?? []) {
      if (bytes < HEAD) kept.push(chunk.subarray(0, HEAD - bytes))
      bytes += chunk.length
    }
    return response.ok ? page('ok', null) : page(`HTTP ${status}`)
  } catch (thrown) {
    if (ctx.signal.aborted) throw ctx.signal.reason
    if (request.signal.aborted) return page('timed out', `timed out: no complete answer within ${formatDuration(limit)}`)
    const { reason, detail } = explain(thrown)
    return page(reason, `${reason}: ${detail ?? new URL(url).host}`)
  }
}

function isHttpUrl(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url)
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  UND_ERR_SOCKET: 'connection closed early',
  ENOTFOUND: 'no such host',
  ETIMEDOUT: 'no connection',
  UND_ERR_CONNECT_TIMEOUT: 'no connection',
}

/** fetch throws a TypeError "fetch failed" whose cause knows what happened. */
function explain(thrown: unknown): { reason: string; detail?: string } {
  const { code, message } = ((thrown as Error).cause ?? thrown) as NodeJS.ErrnoException
  const reason = REASONS[code ?? '']
  return reason ? { reason } : { reason: 'request failed', detail: message }
}
