/** What is known of a page: after its request, and after somebody has looked at it. */
import * as v from 'valibot'

const facts = {
  url: v.string(),
  /** null: no answer came. */
  status: v.nullable(v.number()),
  bytes: v.number(),
  ms: v.number(),
  /** null: fetched, with a status of 2xx. */
  error: v.nullable(v.string()),
  /** What the summary counts it under: `ok`, `HTTP 404`, `connection refused` … */
  outcome: v.string(),
}

/** `head`: the first bytes of the body, in base64; null where no body came. */
export const Fetched = v.object({ ...facts, head: v.nullable(v.string()) })
export type Fetched = v.InferOutput<typeof Fetched>

export const Page = v.object({ ...facts, title: v.nullable(v.string()), sha256: v.nullable(v.string()) })
export type Page = v.InferOutput<typeof Page>

/** A URL the run had no time for. */
export function notFetched(url: string, why: string): Page {
  return { url, status: null, bytes: 0, ms: 0, error: `not fetched: ${why}`, outcome: 'not fetched', title: null, sha256: null }
}
