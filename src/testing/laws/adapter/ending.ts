/** Laws of adapters about ends: failures, readers that leave, contexts that end, streams that are destroyed. */
import { background, withCancel } from '../../../runtime/index.js'
import { headOf } from '../../../runtime/internal.js'
import { holds } from '../support/assertions.js'
import { pause } from './real-time.js'
import { allOf, countOf, errorOf, freed } from './reading.js'
import { WorldSource, worldOf, type AdapterRecord, type AdapterSubject } from './subject.js'

const never = (): Promise<never> => new Promise<never>(() => {})

async function fails(subject: AdapterSubject, after: number): Promise<void> {
  const error = new Error('the source fails')
  const source = worldOf(subject, after, () => Promise.reject(error))
  const seen = await errorOf(allOf(subject.open(source, background)))
  holds(seen === error, `another error came out: ${headOf(seen)}`)
  await freed(source, subject)
}

const failure: AdapterRecord = {
  name: 'failure',
  meaning: 'the error of the source comes out, the same object',
  program: (subject) => fails(subject, 3),
}

const earlyFailure: AdapterRecord = {
  name: 'early failure',
  meaning: 'so does the error of a source that fails before its first item',
  program: (subject) => fails(subject, 0),
}

const leaving: AdapterRecord = {
  name: 'leaving',
  meaning: 'a reader that leaves frees the adapter and its source',
  async program(subject) {
    const source = worldOf(subject, Infinity)
    for await (const _ of subject.open(source, background)) break
    await freed(source, subject)
  },
}

const canceling: AdapterRecord = {
  name: 'canceling',
  meaning: 'the end of the context ends a read that waits, with the cause, and frees the adapter',
  async program(subject) {
    const [ctx, cause] = [withCancel(background), new Error('the context ends')]
    const source = worldOf(subject, 2, never)
    const seen = errorOf(allOf(subject.open(source, ctx)))
    await pause(10)
    ctx.cancel(cause)
    const error = await seen
    holds(error === cause, `another error came out: ${headOf(error)}`)
  },
}

const ended: AdapterRecord = {
  name: 'ended context',
  meaning: 'under a context that has ended a read throws its cause, and nothing stays open',
  async program(subject) {
    const [ctx, cause] = [withCancel(background), new Error('the context has ended')]
    ctx.cancel(cause)
    const source = worldOf(subject, Infinity)
    const seen = await errorOf(allOf(subject.open(source, ctx)))
    holds(seen === cause, `another error came out: ${headOf(seen)}`)
    await freed(source, subject)
  },
}

/** Items that an adapter without a bound may hold when it is destroyed. */
const MANY = 1000

const destroyed: AdapterRecord = {
  name: 'destroyed',
  meaning: 'a stream that is destroyed in the middle, from outside, fails the adapter and frees its source',
  appliesTo: ({ destroy }) => destroy !== undefined,
  async program(subject) {
    const error = new Error('destroyed')
    const source = new WorldSource(subject, async function* () {
      for (let n = 0; ; n++) {
        yield subject.item(n)
        await pause()
      }
    })
    let isExpected: (seen: unknown) => boolean = (seen) => seen === error
    const most = (subject.bound === Infinity ? MANY : subject.bound) + 100
    let [taken, after] = [0, 0]
    const reading = (async () => {
      for await (const each of subject.open(source, background)) {
        if (++taken > 3) after += countOf(subject, each)
        if (taken === 3) isExpected = subject.destroy?.(error) ?? isExpected
        if (after > most) return
      }
    })()
    const seen = await errorOf(reading)
    holds(after <= most, `destroy(error) does not end ${subject.name}: ${most} items came out after it`)
    holds(isExpected(seen), `another error came out: ${headOf(seen)}`)
    await freed(source, subject)
  },
}

export const ending: readonly AdapterRecord[] = [failure, earlyFailure, leaving, canceling, ended, destroyed]
