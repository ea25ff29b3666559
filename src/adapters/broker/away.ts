/** What the errors of clients say of a server that is away: the parts that are the same for all of them. */
import { readable } from '../../runtime/internal.js'

/** Codes of the host: the server is down or starts, or the network is cut, or has no name for it now. */
const unreached = /^E(?:CONN(?:REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|(?:HOST|NET)(?:UNREACH|DOWN)|NETRESET|NOTFOUND|AI_AGAIN)$/

export function isUnreached(code: string): boolean {
  return unreached.test(code)
}

/** A text of an error of a client; empty where there is none, or where the text cannot be read. */
export function textIn(error: unknown, name: 'code' | 'name' | 'message'): string {
  if (typeof error !== 'object' || error === null) return ''
  return readable(() => {
    const text = (error as Readonly<Record<string, unknown>>)[name] // of the client
    return typeof text === 'string' ? text : ''
  })
}
