/**
 * Values that go through calls: the result of a function comes of its reads, and its writes may come of reads of its caller.
 *
 *     asks ── call ── reads that are returned ── took (a promise: its function may read on)
 *     passes ── call ── passed, at the start of the function
 *
 * The hooks stand directly around the call. A call that throws leaves its answer open: a read that is returned, until the
 * section is over, counts as its.
 */
import { frameAt, Frame, type Answer, type GoesBy } from './frame.js'
import { RETURNED } from './places.js'
import { sites } from './sites.js'

/** A promise of an async function, or a generator that has returned. */
interface Source {
  readonly frame: Frame | null
}

export class Values {
  /** The answer of the call under way, if a write may go by it. */
  asking: Answer | null = null
  private _passing: GoesBy | null = null
  private _passingTo = 0
  private _returning: Frame | null = null

  /** A call follows whose result a write may go by. */
  asks(frame: Frame, site: number, flags: number): void {
    const answer = frame.ask(site, (flags & RETURNED) !== 0)
    answer.outer = this.asking
    this.asking = answer
  }

  /** That call has returned: a promise, whose function may go on, or a value. */
  took(frame: Frame, site: number, source: Source | null): void {
    const answer = frame.answerAt(site)
    if (answer === null) return
    if (this.asking === answer) this.asking = answer.outer
    answer.outer = null
    answer.source ??= source
    this._passing = null
  }

  /** A generator returns a value that comes of reads of its frame, to the `yield*` that goes on next. */
  returns(frame: Frame): void {
    this._returning = frame
  }

  /** A `yield*` goes on. */
  delegated(frame: Frame, site: number): void {
    const answer = frame.answerAt(site)
    if (answer !== null && this._returning !== null) answer.source = { frame: this._returning }
    this._returning = null
  }

  /** A call follows whose parameters come of older reads. */
  passes(site: number, goesBy: GoesBy): void {
    this._passing = goesBy
    this._passingTo = site
  }

  /** The announcement for a function of this name that begins. */
  passed(name: string): Frame | null {
    const passing = this._passing
    if (passing === null || sites[this._passingTo].name !== name) return null
    this._passing = null
    return new Frame(frameAt(passing, 0)?.task ?? null, passing)
  }

  /** The call is one of the host: it passes nothing to a function of the program. */
  passesNothing(): void {
    this._passing = null
  }

  /** The section is over: no call is under way. */
  border(): void {
    this.asking = null
    this._passing = null
  }
}
