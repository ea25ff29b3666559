/**
 * The live list: temperatures come over a WebSocket faster than the page draws. Those that come between two frames are one change, so the
 * list is never behind, and nothing piles up.
 */
import { backoff, type Context } from 'millrace'
import { conflate, fromReceiver, workerPool } from 'millrace/operators'
import { frameTicker, webSocket } from 'millrace/web'
import { map, type Observable } from 'rxjs'

/** Temperatures by city. */
type Change = Readonly<Record<string, number>>

export function live(ctx: Context, url: URL, list: HTMLElement): Observable<void> {
  const reconnect = backoff({ first: 100, longest: 5_000, attempts: Infinity })
  const { messages } = webSocket(url, { capacity: 1_000, policy: 'drop-oldest', reconnect, ctx })
  const frames = frameTicker()
  const items = new Map<string, HTMLElement>()
  let drawn = 0

  function* draw(change: Change): Generator<never, void> {
    yield* frames.receive()
    for (const [city, celsius] of Object.entries(change)) itemOf(city).textContent = `${city} ${celsius}`
    list.dataset['drawn'] = String(++drawn)
  }

  function itemOf(city: string): HTMLElement {
    const item = items.get(city) ?? list.appendChild(document.createElement('li'))
    items.set(city, item)
    return item
  }

  return fromReceiver(messages).pipe(
    map((text) => JSON.parse(text as string) as Change), // of our server
    conflate((held, next) => ({ ...held, ...next })),
    workerPool(1, draw),
  )
}
