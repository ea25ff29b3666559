/**
 * Marble diagrams, read as RxJS's TestScheduler reads them in run mode: a frame is a ms.
 *
 *     -      a frame                       |   the end               ^   where a hot one is subscribed to; where a subscription begins
 *     (ab)   several in one frame, which   #   an error              !   where a subscription is over
 *            takes as many as it has       a   a value               9ms, 1.5s, 2m between blanks: so much time
 *            characters, as in RxJS            blanks are nothing
 *
 * Where we differ on purpose: RxJS takes whatever it is given. Here a group is closed, has something in it and no time; nothing comes after the
 * end; with `values` each value is there; time may also be at the end of a diagram, and it counts in `time('9ms |')`, where RxJS counts characters.
 */
import { mistyped, show } from '../../runtime/internal.js'

/** What is to happen, or has happened, and in which frame. */
export interface Happening {
  readonly frame: number
  readonly kind: 'next' | 'error' | 'complete'
  /** The value, or the error. */
  readonly value?: unknown
}

/** When somebody subscribed, and when that was over: Infinity where it never was. Frames count from the beginning of the test. */
export interface SubscriptionLog {
  readonly subscribedFrame: number
  readonly unsubscribedFrame: number
}

/** What the letters of a diagram stand for. */
export type Values<T> = Readonly<Record<string, T>>

interface Mark {
  readonly char: string
  readonly frame: number
  /** Which character of the diagram it is, from 0. */
  readonly at: number
}

const TIME = /(\d+(?:\.\d+)?)(ms|s|m)(?=\s|$)/y
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }

/** Frames by the clock and by a diagram are the same where they differ by less than a µs: time since 1970 has no more digits. */
export const frameOf = (ms: number): number => Math.round(ms * 1_000) / 1_000

const REST = ', | (the end), # (an error), - (a frame), (…) (in one frame), blanks, and times as in " 9ms "'
const OF_COLD = `values${REST}`
const OF_HOT = `values, ^ (where it is subscribed to)${REST}`
const OF_SUBSCRIPTION = '^ (it begins), ! (it is over), - (a frame), (…) (in one frame), blanks, and times as in " 9ms "'

function malformed(where: string, expected: string, marbles: string, at: number): RangeError {
  const got = at < marbles.length ? `${show(String.fromCodePoint(marbles.codePointAt(at) as number))} at ${at}` : 'its end' // `at` is inside
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

/** What happens in a cold observable, or is expected to happen; with `isHot`, a ^ says which frame is 0. */
export function readEvents(where: string, marbles: string, values: unknown, error: unknown, isHot = false): Happening[] {
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
  if (Object.hasOwn(values, char)) return (values as Values<unknown>)[char] // it has it
  const known = Object.keys(values).join(', ')
  throw malformed(where, `a letter that has a value (${known === '' ? 'none has' : known})`, marbles, at)
}

/** When a subscription begins and is over; Infinity where the diagram does not say. */
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

/** How many frames it is to the | of a diagram. */
export function readTime(where: string, marbles: string): number {
  let end: number | null = null
  for (const { char, frame, at } of marksOf(where, marbles)) {
    if (char !== '|' || end !== null) throw malformed(where, 'one | after frames: "---|"', marbles, at)
    end = frame
  }
  if (end === null) throw malformed(where, 'one | after frames: "---|"', marbles, marbles.length)
  return end
}

/** Frames up to which dashes are written, and not a time. */
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
