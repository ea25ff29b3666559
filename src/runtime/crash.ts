/**
 * The crash rule: a failure that nobody has joined by the time the host's event loop turns is a crash, as an unhandled rejection is. Joins
 * made later in the same turn count.
 */
import { checkFunction } from './errors.js'
import { hostTurn, uncaught } from './host.js'
import type { Observed } from './probe.js'

interface Failed extends Observed {
  readonly failedUnseen: boolean
  readonly raw: unknown
}

type CrashHook = (error: unknown, goroutine: Observed) => void

let hook: CrashHook | null = null
let isExpected: ((error: unknown) => boolean) | null = null
let unseen: Failed[] = []

/**
 * Takes the crashes in place of the host: `hook` gets the error and the goroutine it came from. Without a hook a crash is an uncaught
 * exception (in Node the process ends). Answers how to take the hook back.
 */
export function onCrash(next: CrashHook): () => void {
  checkFunction('onCrash(hook)', next)
  const before = hook
  hook = next
  return () => {
    if (hook === next) hook = before
  }
}

/** Failures that are no crash, hook or none: a program that is told to end fails all over, and that is how it ends. */
export function expectFailures(test: (error: unknown) => boolean): void {
  isExpected = test
}

export function crash(error: unknown, goroutine: Observed): void {
  if (isExpected?.(error) === true) return
  if (hook === null) uncaught(error)
  else hook(error, goroutine)
}

export function failedUnjoined(goroutine: Failed): void {
  unseen.push(goroutine)
  if (unseen.length === 1) hostTurn(checkUnseen)
}

function checkUnseen(): void {
  const failed = unseen
  unseen = []
  for (const goroutine of failed) if (goroutine.failedUnseen) crash(goroutine.raw, goroutine)
}
