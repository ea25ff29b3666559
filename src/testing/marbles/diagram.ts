/**
 * Marble diagrams, read as RxJS's TestScheduler reads them in run mode: a frame is a ms.
 *
 *     -      a frame                |   the end     ^   hot: the subscription; a subscription begins
 *     (ab)   several in a frame     #   an error    !   a subscription is over
 *     9ms, 1.5s, 2m between blanks: a time          a   a value    blanks mean nothing
 *
 * As in RxJS, a group takes a frame for each of its characters.
 *
 * Where we differ on purpose: RxJS accepts any string. Here a group must be closed, contain an event and no time;
 * nothing follows the end; with `values` each letter has a value; and a time may stand at the end of a diagram and
 * counts in `time('9ms |')`, where RxJS counts characters.
 */
import { mistyped, show } from '../../runtime/internal.js'

/** An event of an observable, expected or seen, and its frame. */
export interface Happening {
  readonly frame: number
  readonly kind: 'next' | 'error' | 'complete'
  /** The value, or the error. */
  readonly value?: unknown
}

/**
 * The frames of a subscription and of its end; Infinity where the subscription did not end. Frames count from the
 * beginning of the test.
 */
export interface SubscriptionLog {
  readonly subscribedFrame: number
  readonly unsubscribedFrame: number
}

/** The values of the letters of a diagram. */
export type Values<T> = Readonly<Record<string, T>>

interface Mark {
  readonly char: string
  readonly frame: number
  /** Index of the character in the diagram. */
  readonly at: number
}

const TIME = /(\d+(?:\.\d+)?)(ms|s|m)(?=\s|$)/y
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }

/** Rounds ms to µs: Unix time has no more digits, so frames of the clock and of a diagram compare equal. */
export const frameOf = (ms: number): number => Math.round(ms * 1_000) / 1_000

const REST = ', | (the end), # (an error), - (a frame), (…) (in one frame), blanks, and times as in " 9ms "'
const OF_COLD = `values${REST}`
const OF_HOT = `values, ^ (where it is subscribed to)${REST}`
const OF_SUBSCRIPTION = '^ (it begins), ! (it is over), - (a frame), (…) (in one frame), blanks, and times as in " 9ms "'

function malformed(where: string, expected: string, marbles: string, at: number): RangeError {
  const got = at < marbles.length ? `${show(String.fromCodePoint(marbles.codePointAt(at) as number))} at ${at}` : 'its end' // inside
  return new RangeError(`${where}: expected ${expected}, got ${got}\n  ${marbles.replaceAll(/\s/g, ' ')}\n  ${' '.repeat(at)}^`)
}

function* marksOf(where: string, marbles: string): Generator<Mark, void> {
  if (typeof marbles !== 'string') throw mistyped(where, 'a string of marbles', marbles)
  let frame = 0
  let group: { readonly frame: number; readonly at: number; size: number } | null = null
  for (let at = 0, length; at < marbles.length; at += length) {
    const char = String.fromCodePoint(marbles.codePointAt(at) as number) // inside the string
    length = char.length
    if (/\s/.test(char)) continue
    TIME.lastIndex = at
    const time = at === 0 || /\s/.test(marbles.charAt(at - 1)) ? TIME.exec(marbles) : null
    if (group !== null && (char === '-' || char === '(' || time !== null)) throw malformed(where, 'values or ) in a group', marbles, at)
    if (time !== null) {
      frame = frameOf(frame + Number(time[1]) * UNITS[time[2]])
      length = time[0].length
      continue
    }
    if (char === '(') group = { frame, at, size: 0 }
    else if (char === ')') {
      if (group === null) throw malformed(where, 'no ) without a ( before it', marbles, at)
      if (group.size === 0) throw malformed(where, 'something in the group', marbles, at)
      group = null
    } else if (char !== '-') {
      if (group !== null) group.size++
      yield { char, frame: group === null ? frame : group.frame, at }
    }
    frame++
  }
  if (group !== null) throw malformed(where, `) for the ( at ${group.at}`, marbles, marbles.length)
}

/** The meaning of the letters of a diagram. */
interface DiagramValues {
  /** An object with a property for each letter; undefined where each letter stands for itself. */
  readonly values: unknown
  /** The error of a `#`; undefined for 'error'. */
  readonly error: unknown
  readonly isHot?: boolean
}

/** The events of a diagram; with `isHot`, the ^ marks frame 0. */
export function readEvents(where: string, marbles: string, { values, error, isHot = false }: DiagramValues): Happening[] {
  if (values !== undefined && (typeof values !== 'object' || values === null))
    throw mistyped(where, 'values as an object with a property for each letter', values)
  const events: Happening[] = []
  let begin: number | null = null
  let end: Mark | null = null
  for (const mark of marksOf(where, marbles)) {
    const { char, frame, at } = mark
    if (char === '!' || (char === '^' && !isHot)) throw malformed(where, isHot ? OF_HOT : OF_COLD, marbles, at)
    if (char === '^') {
      if (begin !== null) throw malformed(where, 'one ^', marbles, at)
      begin = frame
      continue
    }
    if (end !== null) throw malformed(where, `nothing after the ${end.char} at ${end.at}`, marbles, at)
    if (char === '|' || char === '#') end = mark
    if (char === '|') events.push({ frame, kind: 'complete' })
    else if (char === '#') events.push({ frame, kind: 'error', value: error === undefined ? 'error' : error })
    else events.push({ frame, kind: 'next', value: valueOf(where, marbles, mark, values) })
  }
  return begin === null ? events : events.map((one) => ({ ...one, frame: frameOf(one.frame - begin) }))
}

function valueOf(where: string, marbles: string, { char, at }: Mark, values: object | undefined): unknown {
  if (values === undefined) return char
  if (Object.hasOwn(values, char)) return (values as Values<unknown>)[char] // `hasOwn` has found the key
  const known = Object.keys(values).join(', ')
  throw malformed(where, `a letter that has a value (${known === '' ? 'none has' : known})`, marbles, at)
}

/** The frames of ^ and !; Infinity where the diagram has none. */
export function readSubscription(where: string, marbles: string): SubscriptionLog {
  let subscribedFrame = Infinity
  let unsubscribedFrame = Infinity
  for (const { char, frame, at } of marksOf(where, marbles)) {
    if (char === '^') {
      if (subscribedFrame !== Infinity) throw malformed(where, 'one ^', marbles, at)
      if (unsubscribedFrame !== Infinity) throw malformed(where, 'the ^ before the !', marbles, at)
      subscribedFrame = frame
    } else if (char === '!') {
      if (unsubscribedFrame !== Infinity) throw malformed(where, 'one !', marbles, at)
      unsubscribedFrame = frame
    } else throw malformed(where, OF_SUBSCRIPTION, marbles, at)
  }
  return { subscribedFrame, unsubscribedFrame }
}

/** The frames up to the | of a diagram. */
export function readTime(where: string, marbles: string): number {
  let end: number | null = null
  for (const { char, frame, at } of marksOf(where, marbles)) {
    if (char !== '|' || end !== null) throw malformed(where, 'one | after frames: "---|"', marbles, at)
    end = frame
  }
  if (end === null) throw malformed(where, 'one | after frames: "---|"', marbles, marbles.length)
  return end
}

/** The longest pause written as dashes; a longer pause is written as a time. */
const MOST_DASHES = 30

/** A subscription as a diagram. */
export function subscriptionText({ subscribedFrame, unsubscribedFrame }: SubscriptionLog): string {
  const before = pause(subscribedFrame)
  if (unsubscribedFrame === Infinity) return `${before}^`
  if (unsubscribedFrame === subscribedFrame) return `${before}(^!)`
  return `${before}^${pause(frameOf(unsubscribedFrame - subscribedFrame - 1))}!`
}

function pause(frames: number): string {
  return Number.isInteger(frames) && frames <= MOST_DASHES ? '-'.repeat(Math.max(0, frames)) : ` ${frames}ms `
}
