// Where the host declares AbortSignal, the signal of a context is that one: all its members are there, and fetch takes it.
// `millrace/web` is for hosts that declare streams and events.
import type { Context } from 'millrace'
import { receiverOf } from 'millrace/web'
import { fromReadableStream } from 'millrace/web/operators'

export async function load(url: string, ctx: Context): Promise<string> {
  ctx.signal.addEventListener('abort', () => console.log(ctx.signal.reason))
  return (await fetch(url, { signal: ctx.signal })).text()
}

export const borders = [receiverOf, fromReadableStream]
