/** The text of a report on a failure without a joiner. The error stays as it was thrown: nothing is written to it. */
import { headOf, readable } from '../base/errors.js'
import type { Observed } from '../scheduler/probe.js'

export function crashText(error: unknown, goroutine: Observed, place: string | null): string {
  return `crash: ${subject(goroutine, place)} failed, and nobody joined it or gave it up: ${headOf(error)}`
}

export function lateText(error: unknown, goroutine: Observed, place: string | null): string {
  return `late failure: ${subject(goroutine, place)} failed after it was given up: ${textOf(error)}`
}

function subject({ id, name }: Observed, place: string | null): string {
  return `goroutine ${id} (${name})${place === null ? '' : `, started at ${place},`}`
}

/** The stack of an error, which begins with its message. */
function textOf(error: unknown): string {
  return readable(() => (error instanceof Error && typeof error.stack === 'string' ? error.stack : headOf(error)))
}
