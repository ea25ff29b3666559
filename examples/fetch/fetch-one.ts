/** One request, and what came of it. */
import { type Context, withTimeout } from 'millrace'
import { formatDuration } from './duration.js'

export interface Page {
  readonly url: string
  /** null: no answer came. */
  readonly status: number | null
  readonly bytes: number
  readonly ms: number
  /** null: fetched, with a status of 2xx. */
  readonly error: string | null
  /** What the summary counts it under: `ok`, `HTTP 404`, `connection refused` … */
  readonly outcome: string
}

/**
 * Fetches `url` and counts the bytes of its body, for `limit` ms at most.
 *
 * What goes wrong with one URL is a Page that says so; it throws only when `ctx` ends, at once, with the request aborted.
 */
export async function fetchOne(ctx: Context, url: string, limit: number): Promise<Page> {
  const started = performance.now()
  let status: number | null = null
  let bytes = 0
  const page = (outcome: string, error: string | null = outcome): Page => {
    return { url, status, bytes, ms: Math.round(performance.now() - started), error, outcome }
  }
  if (!isHttpUrl(url)) return page('bad URL', `bad URL ${JSON.stringify(url)}: expected http:// or https:// and a host`)

  using request = withTimeout(ctx, limit)
  try {
    const response = await fetch(url, { signal: request.signal })
    status = response.status
    for await (const chunk of response.body ?? []) bytes += chunk.length
    return response.ok ? page('ok', null) : page(`HTTP ${status}`)
  } catch (thrown) {
    if (ctx.signal.aborted) throw ctx.signal.reason
    if (request.signal.aborted) return page('timed out', `timed out: no complete answer within ${formatDuration(limit)}`)
    const { reason, detail } = explain(thrown)
    return page(reason, `${reason}: ${detail ?? new URL(url).host}`)
  }
}

/** A URL the run had no time for. */
export function notFetched(url: string, why: string): Page {
  return { url, status: null, bytes: 0, ms: 0, error: `not fetched: ${why}`, outcome: 'not fetched' }
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
