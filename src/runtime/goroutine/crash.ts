/**
 * The crash rule: where the failure of a goroutine goes.
 *
 *     failure ──joined, or taken by the owner──▶ the joiner, the owner
 *        ├──repeats the end of a context───────▶ nowhere: an echo
 *        ├──of work that was given up──────────▶ late failure: `onLateFailure`, or a warning
 *        └──any other──────────────────────────▶ crash: `onCrash`, or an uncaught exception
 *
 * Work is given up by a cancel, before the failure or after it, by a join that was made and has not seen the failure
 * (it was not performed, its select chose another case, its context ended), and by an owner that has its result. Joins
 * made later in the turn of the host in which the goroutine failed count, and so do joins by goroutines that are ready
 * at that time, so that the end of a slice does not decide.
 *
 * The state below is the state of the process, for all copies of the package: like the listeners of
 * `unhandledRejection`, a hook is set for all goroutines.
 */
import { checkFunction } from '../base/arguments.js'
import { Hooks } from '../base/hooks.js'
import { hostTurn, uncaught, warn } from '../base/host.js'
import { shared } from '../base/shared.js'
import { followsFromEnd, isAbort, isEcho, isEnd } from '../interfaces/echo.js'
import type { Failure } from './owner.js'
import type { Observed } from '../scheduler/probe.js'
import { registered } from '../scheduler/registered.js'
import { queue } from '../scheduler/run-queue.js'
import { crashText, lateText } from './failure-text.js'

/** A goroutine that has failed. */
export interface Failed extends Observed {
  /** No join and no owner has seen the failure. */
  readonly failedUnseen: boolean
  readonly wasCanceled: boolean
  /** It was canceled, or a join of it was made and given up. */
  readonly wasGivenUp: boolean
  /** The thrown value. */
  readonly raw: unknown
  /** Whether the error was thrown in it by a wait or a join. */
  hasReceived(error: unknown): boolean
  /** Whether the error is the cause of an end that a wait threw in it. */
  wasCutOffBy(error: unknown): boolean
}

/**
 * Receives an error and its goroutine.
 * @inline
 */
type FailureHook = (error: unknown, goroutine: Observed) => void

interface Rule {
  readonly crashHooks: Hooks<FailureHook>
  readonly lateHooks: Hooks<FailureHook>
  readonly expectations: Hooks<(error: unknown) => boolean>
  /** Where goroutines were started, as far as that is traced. */
  readonly places: Hooks<(goroutine: Observed) => string | null>
  /** Failures to be checked at the next turn of the host. */
  unseen: Failed[]
  /** Failures that are kept for the test kit, which checks them itself; null where they are checked as usual. */
  apart: Failed[] | null
}

const rule = shared<Rule>('millrace.crash.v2', () => ({
  crashHooks: new Hooks(),
  lateHooks: new Hooks(),
  expectations: new Hooks(),
  places: new Hooks(),
  unseen: [],
  apart: null,
}))

/**
 * Sets the hook for crashes: `hook` is called with the error and its goroutine, in place of the host. A crash is a
 * failure that nobody gave up and nobody joined. Without a hook a crash is an uncaught exception (in Node the process
 * ends), after a line on the console that names the goroutine. Returns a function that removes the hook; hooks may be
 * removed in any order.
 */
export function onCrash(hook: FailureHook): () => void {
  checkFunction('onCrash(hook)', hook)
  return rule.crashHooks.add(registered(hook))
}

/**
 * Sets the hook for late failures: `hook` is called with the error and its goroutine. A late failure is a failure of
 * work that was given up: the goroutine was canceled, a join of it was made and given up, or its group had failed already. An
 * error that only repeats the end of a context is none. Without a hook a late failure is a process warning, or a
 * warning of the console where the host has no process warnings; it never ends the process. Returns a function that
 * removes the hook; hooks may be removed in any order.
 *
 * @example
 * ```ts
 * onLateFailure((error, { name }) => console.log(`${name} failed late: ${(error as Error).message}`))
 * const upload = go.named('upload', async () => {
 *   throw new Error('no space left')
 * })
 * upload.cancel()
 * ```
 */
export function onLateFailure(hook: FailureHook): () => void {
  checkFunction('onLateFailure(hook)', hook)
  return rule.lateHooks.add(registered(hook))
}

/**
 * Adds a test for failures that are neither crashes nor late failures, with or without a hook: failures expected during
 * shutdown. Returns a function that removes the test.
 */
export function expectFailures(test: (error: unknown) => boolean): () => void {
  return rule.expectations.add(test)
}

/** Reports a failure that nobody gave up and nobody joined. */
export function crash(error: unknown, goroutine: Observed): void {
  if (isExpected(error)) return
  const hook = rule.crashHooks.last
  if (hook === undefined) uncaught(error, crashText(error, goroutine, placeOf(goroutine)))
  else callHook(hook, error, goroutine)
}

/** Reports a failure of work that was given up, unless it only repeats the end of a context. */
export function failedLate(error: unknown, goroutine: Observed): void {
  if (isEchoIn(goroutine, error) || isExpected(error)) return
  const hook = rule.lateHooks.last
  if (hook === undefined) warn('LateFailure', lateText(error, goroutine, placeOf(goroutine)))
  else callHook(hook, error, goroutine)
}

/**
 * Names the place where a goroutine was started in the reports of its failure: `of` returns the place, or null where it
 * is not known. Returns a function that ends this.
 */
export function showPlaces(of: (goroutine: Observed) => string | null): () => void {
  return rule.places.add(of)
}

function placeOf(goroutine: Observed): string | null {
  for (const of of rule.places.all) {
    const place = of(goroutine)
    if (place !== null) return place
  }
  return null
}

/** An error thrown by a hook is an uncaught exception: it must not hide the failures that follow. */
function callHook(hook: FailureHook, error: unknown, goroutine: Observed): void {
  try {
    hook(error, goroutine)
  } catch (fault) {
    uncaught(fault)
  }
}

/** The failure of a goroutine, for its owner. */
export function failureOf(goroutine: Failed, error: unknown): Failure {
  return { error, isEnd: (isEnd(error) || goroutine.wasCutOffBy(error)) && !goroutine.hasReceived(error) }
}

/** True for an error that only repeats an end. A failure that a wait threw in the goroutine is none, even if it is the cause of an end. */
function isEchoIn(goroutine: Observed | Failed, error: unknown): boolean {
  if (!('hasReceived' in goroutine)) return isEcho(error)
  return (isEcho(error) || goroutine.wasCutOffBy(error)) && !goroutine.hasReceived(error)
}

function isExpected(error: unknown): boolean {
  return rule.expectations.all.some((test) => test(error))
}

/** The joiners of a canceled async function have gone, and now it has failed. */
export function failedAfterCancel(error: unknown, goroutine: Observed): void {
  if (!isAbort(error)) failedLate(error, goroutine)
}

/** A goroutine has failed, and no join has seen it so far. */
export function failedUnjoined(goroutine: Failed): void {
  if (rule.apart !== null) {
    rule.apart.push(goroutine)
    return
  }
  rule.unseen.push(goroutine)
  if (rule.unseen.length === 1) hostTurn(() => queue.push({ run: checkUnseen }))
}

function checkUnseen(): void {
  const failed = rule.unseen
  rule.unseen = []
  for (const goroutine of failed) if (goroutine.failedUnseen && isCrash(goroutine)) crash(goroutine.raw, goroutine)
}

/** True for a crash; a late failure is reported. */
function isCrash(goroutine: Failed): boolean {
  const { raw: error, wasCanceled, wasGivenUp } = goroutine
  const isReceived = goroutine.hasReceived(error)
  if (isEchoIn(goroutine, error)) return false
  if (wasCanceled) failedAfterCancel(error, goroutine)
  else if (wasGivenUp || (!isReceived && followsFromEnd(error))) failedLate(error, goroutine)
  else return true
  return false
}

/**
 * For the test kit. With true, failures are not checked but kept for `takeCrashed`; with false, they are checked as
 * usual.
 */
export function keepFailuresApart(keep: boolean): void {
  rule.apart = keep ? [] : null
}

/** Takes the goroutines whose failures were kept apart and are crashes; reports the late failures among the others. */
export function takeCrashed(): readonly Failed[] {
  const { apart } = rule
  if (apart === null || apart.length === 0) return none
  rule.apart = []
  return apart.filter((goroutine) => goroutine.failedUnseen && isCrash(goroutine))
}

const none: readonly Failed[] = []
