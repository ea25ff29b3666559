/**
 * The search box:
 *
 *     input ──▶ quiet for 150 ms ──▶ another text ──▶ request, with retries ──▶ list
 *                                                      └─ the next text aborts it
 */
import { backoff, fromPromise, withRetry, type Context } from 'millrace'
import { debounce, fromOp } from 'millrace/operators'
import { fetchOp, StatusError } from 'millrace/web'
import { fromEventTarget } from 'millrace/web/operators'
import { catchError, distinctUntilChanged, map, of, switchMap, tap, type Observable } from 'rxjs'

interface Found {
  readonly cities: readonly string[]
  readonly status: string
}

/** A request that the server refuses for good is not sent again. */
const patient = backoff({ first: 100, attempts: 4, retryIf: (cause) => !(cause instanceof StatusError) || cause.status >= 500 })

export function search(input: HTMLInputElement, results: HTMLElement, status: HTMLElement): Observable<Found> {
  return fromEventTarget(input, 'input', { capacity: 1, policy: 'drop-oldest' }).pipe(
    map(() => input.value.trim()),
    debounce(150),
    distinctUntilChanged(),
    tap(() => (status.textContent = 'searching')),
    switchMap((text) => (text === '' ? of({ cities: [], status: '' }) : find(text))),
    tap((found) => {
      status.textContent = found.status
      results.replaceChildren(...found.cities.map(itemOf))
    }),
  )
}

/** The subscriber that leaves, for the next text, aborts the request or ends the pause. */
function find(text: string): Observable<Found> {
  return fromOp((ctx) => withRetry(patient, (ctx) => ask(ctx, text), { ctx })).pipe(
    map((cities) => ({ cities, status: `${cities.length} found` })),
    catchError((error: unknown) => of({ cities: [], status: String(error) })),
  )
}

function* ask(ctx: Context, text: string): Generator<never, string[]> {
  using response = yield* fetchOp(`/api/cities?q=${encodeURIComponent(text)}`, { ctx, throwStatus: true }).timeout(5_000)
  return (yield* fromPromise(response.json())) as string[] // of our server
}

function itemOf(text: string): HTMLElement {
  const item = document.createElement('li')
  item.textContent = text
  return item
}
