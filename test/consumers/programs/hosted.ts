// Where the host declares AbortSignal, the signal of a context is that one: all its members are there, and fetch takes it.
import type { Context } from 'millrace'

export async function load(url: string, ctx: Context): Promise<string> {
  ctx.signal.addEventListener('abort', () => console.log(ctx.signal.reason))
  return (await fetch(url, { signal: ctx.signal })).text()
}
