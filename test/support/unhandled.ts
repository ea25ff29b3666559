/** The rejections that no code handles, as the host reports them, from now until the disposal. */
export function unhandledRejections(): { readonly reasons: readonly unknown[] } & Disposable {
  const reasons: unknown[] = []
  const restore = 'process' in globalThis ? listenToProcess(reasons) : listenToWindow(reasons)
  return { reasons, [Symbol.dispose]: restore }
}

/** In place of the test runner, which takes an unhandled rejection for a failure. */
function listenToProcess(reasons: unknown[]): () => void {
  const note = (reason: unknown) => void reasons.push(reason)
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note)
  return () => {
    process.off('unhandledRejection', note)
    for (const each of others) process.on('unhandledRejection', each)
  }
}

function listenToWindow(reasons: unknown[]): () => void {
  const note = (event: PromiseRejectionEvent) => {
    event.stopImmediatePropagation()
    event.preventDefault()
    reasons.push(event.reason)
  }
  addEventListener('unhandledrejection', note, { capture: true })
  return () => removeEventListener('unhandledrejection', note, { capture: true })
}
