/** Looks at a page that was fetched: a stage, so that the work can be here or in other processes. */
import { createHash } from 'node:crypto'
import { type StageWork, stage } from 'millrace/broker'
import { Fetched, Page } from './page.js'

/** Bytes of a body that are looked at, at most: they are held, and travel to other processes. */
export const HEAD = 64 * 1024

export function lookAt({ head, ...facts }: Fetched): Page {
  const body = head === null ? null : Buffer.from(head, 'base64')
  return { ...facts, title: body && titleOf(body.toString()), sha256: body && createHash('sha256').update(body).digest('hex') }
}

function titleOf(html: string): string | null {
  return /<title[^>]*>([^<]*)/i.exec(html)?.[1].trim() ?? null
}

export const enrichingBy = (work: StageWork<Fetched, Page>) => stage('enrich', { input: Fetched, output: Page }, work)
export const enriching = enrichingBy(lookAt)
