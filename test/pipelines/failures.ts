/** The failures of a run, and where each was reported: at the end of the pipeline, as a dead letter, or as a late failure. */
import type { Schedule } from 'millrace'
import type { PipelinePlan } from './plan.js'

/** The error of a source, `boom`, or of work, `fault`. Each failure has an error of its own. */
export class Failed extends Error {
  constructor(override readonly name: 'boom' | 'fault') {
    super(name)
  }
}

/** A failure that is handled is seen by a schedule that goes on. */
type Report = 'end' | 'dead letter' | 'late failure' | 'handled'

export class Failures {
  private readonly _reports = new Map<unknown, Report[]>()
  private readonly _skipped = new Set<unknown>()
  private readonly _wrapped = new Set<unknown>()

  /** A failure that begins now. */
  begin(name: Failed['name']): Failed {
    const failed = new Failed(name)
    this._reports.set(failed, [])
    return failed
  }

  /** Work whose failure policy is `skip` fails: with its item it is dropped, and reported only after the end. */
  beginSkipped(): Failed {
    const failed = this.begin('fault')
    this._skipped.add(failed)
    return failed
  }

  /** Another error in place of a failure, which is handled by that. */
  wrapped(cause: unknown): unknown {
    if (!(cause instanceof Failed && this.report(cause, 'handled'))) return cause
    const wrapped = this.begin(cause.name)
    this._wrapped.add(wrapped)
    return wrapped
  }

  /** Returns false for another error. */
  report(cause: unknown, report: Report): boolean {
    const reports = this._reports.get(cause)
    reports?.push(report)
    return reports !== undefined
  }

  /** A schedule whose pauses handle failures. */
  handling(schedule: Schedule): Schedule {
    return (failed) => {
      const pause = schedule(failed)
      if (pause !== null) this.report(failed.cause, 'handled')
      return pause
    }
  }

  /** To be called at the end: the failures that were reported too often, or not at all. */
  wrong(plan: PipelinePlan): string[] {
    const least = mayVanish(plan) ? 0 : 1
    const most = isCopied(plan) ? Infinity : isShared(plan) ? 2 : 1
    // A branch may handle the error of the source, with which the stage fails all the same, whatever the branch made of it.
    const isOwn = !/"branches"|"tee/.test(JSON.stringify(plan.stages))
    const mayBeLess = (failed: unknown): boolean => this._skipped.has(failed) || (!isOwn && this._wrapped.has(failed))
    return [...this._reports].flatMap(([failed, reports]) => {
      const shown = isOwn ? reports : reports.filter((report) => report !== 'handled')
      const isRight = reports.length >= (mayBeLess(failed) ? 0 : least) && shown.length <= most
      return isRight ? [] : [`${String(failed)}: ${reports.join(', ') || 'not reported'}`]
    })
  }
}

/**
 * Operators that subscribe again handle errors, `observeOn` and `connect` forget an error that nobody waits for, and a channel or stream
 * that is closed with an error may have lost its reader.
 */
function mayVanish({ source, stages, end }: PipelinePlan): boolean {
  const isChannel = source.source === 'channel' || source.source === 'buffered channel'
  return (
    isChannel ||
    end.end === 'fails, retry' ||
    /"stage":"(retry"|retry, delay|observeOn, a|connect|toReceiver"|sendTo"|through a)/.test(JSON.stringify(stages))
  )
}

/** A channel in a branch makes an error of its own of the error of the source. */
function isCopied({ stages }: PipelinePlan): boolean {
  const text = JSON.stringify(stages)
  return /"(toReceiver"|sendTo"|through a)/.test(text) && text.includes('"branches"')
}

/** An error of a shared part reaches both subscribers. */
function isShared({ source, stages, end }: PipelinePlan): boolean {
  return (end.end === 'two subscribers' || end.end === 'one of two takes') && /"share/.test(JSON.stringify([source, stages]))
}
