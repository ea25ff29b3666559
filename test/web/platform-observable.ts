/** The Observable of WICG, as far as tests need it: `subscribe` results in nothing, and a signal ends the subscription. */
import type { ObservableLike, ObserverLike } from 'millrace/web'

export interface PlatformSubscriber<T> extends ObserverLike<T> {
  addTeardown(teardown: () => void): void
  readonly signal: AbortSignal
}

export interface PlatformObservable<T> extends ObservableLike<T> {
  subscribe(observer?: Partial<ObserverLike<T>>, options?: { readonly signal?: AbortSignal }): void
}

type Make = <T>(start: (subscriber: PlatformSubscriber<T>) => void) => PlatformObservable<T>

const likePlatform: Make = (start) => ({
  subscribe(observer = {}, { signal } = {}) {
    const ended = new AbortController()
    const end = (then: () => void): void => {
      if (ended.signal.aborted) return
      then()
      ended.abort()
    }
    signal?.addEventListener('abort', () => end(() => {}))
    start({
      next: (value) => void (ended.signal.aborted || observer.next?.(value)),
      error: (cause) => end(() => observer.error?.(cause)),
      complete: () => end(() => observer.complete?.()),
      addTeardown: (teardown) => ended.signal.addEventListener('abort', teardown),
      signal: ended.signal,
    })
  },
})

const { Observable: Native } = globalThis as { Observable?: new (start: unknown) => PlatformObservable<never> }
const native: Make = (start) => new (Native as NonNullable<typeof Native>)(start)

/** Ways to make an Observable; that of the host where the host has it: Chromium. */
export const makers: readonly (readonly [name: string, make: Make])[] = [
  ['like that of the platform', likePlatform],
  ...(Native === undefined ? [] : [['of the platform', native] as const]),
]
