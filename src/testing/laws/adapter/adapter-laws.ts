/** The laws of adapters: borders to streams, sockets and files. They run in real time, once each. */
import { checkRecord, mistyped } from '../../../runtime/internal.js'
import { judge, type Law } from '../law.js'
import { holds } from '../support/assertions.js'
import { ending } from './ending.js'
import { flow } from './flow.js'
import { eventually, inTime, pause, watchUnhandled } from './real-time.js'
import { runOf } from './run.js'
import { adapterSubject, type AdapterLawOptions, type AdapterRecord, type AdapterSubject, type OpenAdapter } from './subject.js'

/**
 * The laws of an adapter. `open(source, ctx)` puts the adapter between `source` and the returned iterable: a Readable
 * made of the source that a pipeline reads, a stream that a pipeline of the source writes to. The laws say: each item
 * once and in order, at once, also for a slow reader; never more items read ahead than the bound, however slow the reader;
 * the error of the source, the same object; a reader that leaves and a context that ends free everything; no failure is
 * left unhandled. With `bytes` also chunks of 8 MB, runs of chunks of no bytes, and characters that are cut, with
 * `objects` values of any kind, and with `destroy` a stream that is destroyed in the middle.
 *
 * The laws run in real time and once, not under schedules: `replay` checks again, whatever the token. Throws TypeError
 * or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const open: OpenAdapter<number> = (source, ctx) => toReceiver(fromIterable(source), { capacity: 0, ctx })
 * const law = laws.adapter(open, { bound: 2 }).find(({ name }) => name === 'order')
 * await law?.check()
 * ```
 */
export function adapterLaws<T = number>(open: OpenAdapter<T>, options: AdapterLawOptions<T>): readonly Law[] {
  const subject = adapterSubject(open, options) as AdapterSubject // no program looks into an item
  const excepted = exceptions(options.except)
  return records.filter(({ name, appliesTo }) => !excepted.has(name) && appliesTo?.(subject) !== false).map((each) => lawOf(each, subject))
}

const records: readonly AdapterRecord[] = [...flow, ...ending]

/** The names of the laws that are left out. */
function exceptions(except: Readonly<Record<string, string>> = {}): ReadonlySet<string> {
  const where = 'laws.adapter(open, { except })'
  checkRecord(
    where,
    'a record of reasons',
    except,
    records.map(({ name }) => name),
  )
  for (const reason of Object.values(except)) if (typeof reason !== 'string') throw mistyped(where, 'a reason', reason)
  return new Set(Object.keys(except))
}

function lawOf(record: AdapterRecord, subject: AdapterSubject): Law {
  const { name, meaning } = record
  const check = (): Promise<void> => judge(record, () => quietly(record, subject))
  return { name, meaning, check, replay: check }
}

/** Runs the program, and asserts that nothing is left of it. */
async function quietly({ program }: AdapterRecord, subject: AdapterSubject): Promise<void> {
  const unhandled = watchUnhandled()
  const run = runOf(subject)
  try {
    const before = subject.resources()
    await inTime(subject.longest, program(run), `the run of ${subject.name}`)
    await eventually(
      subject.longest,
      () => subject.resources() <= before,
      () => `${subject.resources() - before} descriptors, sockets or listeners are left`,
    )
    await pause(1)
    allReadWithin(run)
    holds(unhandled.reasons.length === 0, `a failure is not handled: ${String(unhandled.reasons[0])}`)
  } catch (error) {
    allReadWithin(run)
    throw error
  } finally {
    run.end()
    unhandled.end()
  }
}

function allReadWithin({ sources, name }: AdapterSubject): void {
  for (const { read, most } of sources) holds(read <= most, `${name} reads its source without end: ${most} items so far`)
}
