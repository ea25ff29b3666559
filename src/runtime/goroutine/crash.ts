/**
 * The crash rule: a failure that no join has seen by the time the host's event loop turns is a crash, as an unhandled
 * rejection is. Joins made later in the same turn count, and so do joins by goroutines that are ready at that time, so
 * that the end of a slice does not decide.
 *
 * The four variables below are the state of the process: like the listeners of `unhandledRejection`, a hook is set for
 * all goroutines.
 */
import { checkFunction } from '../base/arguments.js'
import { hostTurn, uncaught } from '../base/host.js'
import type { Observed } from '../scheduler/probe.js'
import { queue } from '../scheduler/run-queue.js'

interface Failed extends Observed {
  readonly failedUnseen: boolean
  readonly raw: unknown
}

type CrashHook = (error: unknown, goroutine: Observed) => void

/** Hooks in the order set; the last is in force. */
let hooks: readonly { readonly hook: CrashHook }[] = []
/** Tells failures that are expected during shutdown. */
let isExpected: ((error: unknown) => boolean) | null = null
/** Failures to be checked at the next turn of the host. */
let unseen: Failed[] = []

/**
 * Sets the hook for crashes: `hook` is called with the error and its goroutine, in place of the host. Without a hook a
 * crash is an uncaught exception (in Node the process ends). Returns a function that removes the hook.
 */
export function onCrash(next: CrashHook): () => void {
  checkFunction('onCrash(hook)', next)
  const own = { hook: next }
  hooks = [...hooks, own]
  return () => {
    hooks = hooks.filter((one) => one !== own)
  }
}

/** Sets a test for failures that are not crashes, with or without a hook: failures expected during shutdown. */
export function expectFailures(test: (error: unknown) => boolean): void {
  isExpected = test
}

export function crash(error: unknown, goroutine: Observed): void {
  if (isExpected?.(error) === true) return
  const last = hooks[hooks.length - 1]
  if (last === undefined) {
    uncaught(error)
    return
  }
  try {
    last.hook(error, goroutine)
  } catch (fault) {
    uncaught(fault) // thrown by the hook: it must not hide the crashes that follow
  }
}

export function failedUnjoined(goroutine: Failed): void {
  if (apart !== null) {
    apart.push(goroutine)
    return
  }
  unseen.push(goroutine)
  if (unseen.length === 1) hostTurn(() => queue.push({ run: checkUnseen }))
}

function checkUnseen(): void {
  const failed = unseen
  unseen = []
  for (const goroutine of failed) if (goroutine.failedUnseen) crash(goroutine.raw, goroutine)
}

/** Failures that are kept for the test kit, which checks them itself; null where they are checked as usual. */
let apart: Failed[] | null = null

/**
 * For the test kit. With true, failures are not checked but kept for `takeFailedUnjoined`; with false, they are checked
 * as usual.
 */
export function keepFailuresApart(keep: boolean): void {
  apart = keep ? [] : null
}

/** Takes the failures that were kept apart and that no join has seen. */
export function takeFailedUnjoined(): readonly Failed[] {
  if (apart === null || apart.length === 0) return none
  const failed = apart.filter((goroutine) => goroutine.failedUnseen)
  apart.length = 0
  return failed
}

const none: readonly Failed[] = []
