/**
 * The crash rule: a failure that nobody has joined by the time the host's event loop turns is a crash, as an unhandled rejection is. Joins
 * made later in the same turn count, and so do those of goroutines that were ready then: where a slice ends must not decide.
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

/** The last one is in force. */
let hooks: readonly { readonly hook: CrashHook }[] = []
let isExpected: ((error: unknown) => boolean) | null = null
let unseen: Failed[] = []

/**
 * Takes the crashes in place of the host: `hook` gets the error and the goroutine it came from. Without a hook a crash is an uncaught
 * exception (in Node the process ends). Answers how to take the hook back.
 */
export function onCrash(next: CrashHook): () => void {
  checkFunction('onCrash(hook)', next)
  const own = { hook: next }
  hooks = [...hooks, own]
  return () => {
    hooks = hooks.filter((one) => one !== own)
  }
}

/** Failures that are no crash, hook or none: a program that is told to end fails all over, and that is how it ends. */
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
    uncaught(fault) // the hook's own: it must not hide the crashes that follow
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

/** For the test kit, which has its own time to ask; null where failures are checked as usual. */
let apart: Failed[] | null = null

/** For the test kit: failures that come from now on are not checked but kept for `takeFailedUnjoined`; or checked again as usual. */
export function keepFailuresApart(keep: boolean): void {
  apart = keep ? [] : null
}

/** Those kept apart about which nobody has asked. */
export function takeFailedUnjoined(): readonly Failed[] {
  if (apart === null || apart.length === 0) return none
  const failed = apart.filter((goroutine) => goroutine.failedUnseen)
  apart.length = 0
  return failed
}

const none: readonly Failed[] = []
