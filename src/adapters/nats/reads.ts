/**
 * How many messages of a log were read, for a log of several partitions: the server does not say to which partition a message belonged
 * that it has deleted, but each message that the stream has had was read, waits, or was deleted unread.
 *
 *     the last number of the stream = read + waiting of all partitions + deleted
 *
 * Always true:
 * - the messages that a consumer has read are noted before it is reset, since the server counts anew then; a process looks again where
 *   another has written the note;
 * - where two requests see the log at different times, messages are counted as read rather than as deleted: a later look finds them;
 * - no more messages are reported than the stream has deleted: the server of a cluster that speaks for a consumer may not have all
 *   messages of the stream yet, and counts too few that wait.
 */
import { headers as newHeaders } from '@nats-io/nats-core'
import { ask, wasOvertaken, type ApiAnswer, type Connection } from './connection.js'
import { consumerInfo, failureOf, stateOf, type ConsumerInfo, type Target } from './consumer.js'
import { NatsRefusedError } from './errors.js'
import { OWNERS, OWNERS_SUBJECT } from './owners.js'

/** The messages of a partition that were read. */
interface Reads {
  readonly read: number
  /** Up to this number of the stream. */
  readonly to: number
  /** Where the consumer began; absent where it had read before there were notes. */
  readonly from?: number
}

/** The number of deleted messages of a group that were reported, with those before it began. */
interface Told {
  readonly told: number
}

interface Noted<N> {
  readonly note: N | null
  /** The number of the note; 0 where there is none. */
  readonly seq: number
}

const NOT_FOUND = 10037

function readsAt({ stream }: Target, consumer: string): string {
  return `${OWNERS_SUBJECT}.${stream}.${consumer}.reads`
}
function toldAt({ stream, group }: Target): string {
  return `${OWNERS_SUBJECT}.${stream}.${group}.told`
}

async function noteAt<N>(link: Connection, target: Target, subject: string): Promise<Noted<N>> {
  type Answer = ApiAnswer & { readonly message?: { readonly seq: number; readonly data: string } }
  const { error, message } = await ask<Answer>(link, `$JS.API.STREAM.MSG.GET.${OWNERS}`, { last_by_subj: subject }, target)
  if (error !== undefined && error.err_code !== NOT_FOUND) throw refused(target, error)
  return message === undefined ? { note: null, seq: 0 } : { note: JSON.parse(atob(message.data)) as N, seq: message.seq } // written below
}

/** Writes a note in place of the one with this number. Returns false where another process was faster. */
async function writeAt(link: Connection, target: Target, subject: string, { note, seq }: Noted<object>): Promise<boolean> {
  const headers = newHeaders()
  headers.set('Nats-Expected-Last-Subject-Sequence', String(seq))
  const answer = await ask<ApiAnswer>(link, subject, note, { ...target, headers })
  if (answer.error !== undefined && !wasOvertaken(answer)) throw refused(target, answer.error)
  return answer.error === undefined
}

function refused({ where }: Target, { description, code }: NonNullable<ApiAnswer['error']>): NatsRefusedError {
  return new NatsRefusedError(`${where}: the stream "${OWNERS}"`, description, code)
}

/** The messages of a partition that were read, by its note and its consumer, which was looked at first. */
function readsIn(note: Reads | null, { ack_floor: { stream_seq: to, consumer_seq: since } }: ConsumerInfo): Reads {
  if (note === null) return { read: since, to, ...(since === 0 && { from: to }) }
  return note.to === to ? note : { ...note, read: note.read + since, to }
}

/**
 * Notes the messages that a consumer has read. Returns how many may still be acknowledged by an owner that has lost the partition.
 */
async function noteReads(link: Connection, target: Target, consumer: string): Promise<number> {
  const subject = readsAt(target, consumer)
  for (;;) {
    const { note, seq } = await noteAt<Reads>(link, target, subject)
    const info = await consumerInfo(link, consumer, target)
    const reads = readsIn(note, info)
    if (reads === note || (await writeAt(link, target, subject, { note: reads, seq }))) return Math.max(0, info.num_ack_pending - 1)
  }
}

/** Sets a consumer back to its floor, from which on everything comes again. Returns the floor. */
export async function reset(link: Connection, target: Target, consumer: string, isCounted: boolean): Promise<number> {
  const open = isCounted ? await noteReads(link, target, consumer) : 0
  type Answer = ApiAnswer & { readonly reset_seq?: number }
  const { error, reset_seq: next = 1 } = await ask<Answer>(link, `$JS.API.CONSUMER.RESET.${target.stream}.${consumer}`, {}, target)
  if (error !== undefined) throw failureOf(error, consumer, target)
  if (isCounted) await noteFloor(link, target, { consumer, floor: next - 1, open })
  return next - 1
}

interface Floor {
  readonly consumer: string
  readonly floor: number
  /** Messages that were open: they may have been acknowledged since the note. */
  readonly open: number
}

/** The floor of a consumer that has read everything is beyond the last of its messages, which a reset shows. */
async function noteFloor(link: Connection, target: Target, { consumer, floor, open }: Floor): Promise<void> {
  const subject = readsAt(target, consumer)
  const { note, seq } = await noteAt<Reads>(link, target, subject)
  if (note === null || note.to >= floor) return
  const read = note.read + Math.min(open, floor - note.to)
  await writeAt(link, target, subject, { note: { ...note, read, to: floor }, seq })
}

export interface Missed {
  /** The messages that were deleted unread, and not reported; negative where more messages were read than there were. */
  readonly news: number
  /** The number that was reported, with those before the group began. */
  readonly before: number
  /** The number of the note of that; 0 where there is none. */
  readonly seq: number
  /** The last number of the stream. */
  readonly last: number
}

/** `last`: the last number of the stream, of before the consumers were looked at. */
export async function missedIn(link: Connection, target: Target, last: number, infos: ReadonlyMap<string, ConsumerInfo>): Promise<Missed> {
  const all = await Promise.all(
    [...infos].map(async ([consumer, info]) => ({
      info,
      reads: readsIn((await noteAt<Reads>(link, target, readsAt(target, consumer))).note, info),
    })),
  )
  const known = all.reduce((sum, { info, reads }) => sum + reads.read + info.num_pending + info.num_ack_pending, 0)
  const { note, seq } = await noteAt<Told>(link, target, toldAt(target))
  const begins = all.map(({ reads }) => reads.from)
  const first = begins.every((from) => from !== undefined) ? Math.min(...begins) : last - known
  const before = note?.told ?? first
  const news = last - known - before
  return { news: news > 0 ? Math.min(news, await deletedIn(link, target)) : news, before, seq, last }
}

/** The messages that the stream has had, and has no more. */
async function deletedIn(link: Connection, target: Target): Promise<number> {
  const { last_seq: last, messages } = await stateOf(link, target)
  return last - messages
}

/** The messages of all partitions that were deleted unread since they were noted last, by whichever process. */
export async function lookForMissed(link: Connection, target: Target, consumers: readonly string[]): Promise<Missed> {
  const { last_seq: last } = await stateOf(link, target)
  const infos = await Promise.all(consumers.map(async (name) => [name, await consumerInfo(link, name, target)] as const))
  return await missedIn(link, target, last, new Map(infos))
}

/**
 * Notes that `news` messages are reported. Returns false where another process has noted them. More messages were read than there
 * were where one was delivered twice to one owner, or a server that was killed has forgotten: then what was noted is corrected.
 */
export async function noteMissed(
  link: Connection,
  target: Target,
  { news: found, before, seq, last }: Missed,
  news: number,
): Promise<boolean> {
  if (news === 0 && seq !== 0 && (found >= 0 || (await stateOf(link, target)).last_seq !== last)) return false
  return await writeAt(link, target, toldAt(target), { note: { told: before + (found < 0 ? found : news) }, seq })
}
