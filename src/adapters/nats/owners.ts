/**
 * Who has owned a partition last, from which floor on, and for how many rounds: one message for each partition, in a stream
 * that keeps the last. The rounds find a message that ends each process which works on it.
 */
import { ask, type ApiAnswer, type Connection } from './connection.js'
import type { Target } from './consumer.js'
import { NatsRefusedError } from './errors.js'

/** The stream of the notes of all logs of an account. */
export const OWNERS = 'millrace-owners'
export const OWNERS_SUBJECT = 'millrace.owners'

interface Note {
  readonly member: string
  readonly floor: number
  readonly rounds: number
}

/** Notes that the member owns the partition now. */
export async function noteOwner(
  link: Connection,
  target: Target,
  consumer: string,
  { member, floor }: Omit<Note, 'rounds'>,
): Promise<{ readonly rounds: number; readonly continues: boolean }> {
  const subject = `${OWNERS_SUBJECT}.${target.stream}.${consumer}`
  type Answer = ApiAnswer & { readonly message?: { readonly data: string } }
  const { error, message } = await ask<Answer>(link, `$JS.API.STREAM.MSG.GET.${OWNERS}`, { last_by_subj: subject }, target)
  const NOT_FOUND = 10037
  if (error !== undefined && error.err_code !== NOT_FOUND)
    throw new NatsRefusedError(`${target.where}: the stream "${OWNERS}"`, error.description, error.code)
  const last = message === undefined ? null : (JSON.parse(atob(message.data)) as Note) // written below
  const continues = last?.member === member
  const rounds = last?.floor !== floor ? 1 : continues ? last.rounds : last.rounds + 1
  const note: Note = { member, floor, rounds }
  const stored = await ask<ApiAnswer>(link, subject, note, target)
  if (stored.error !== undefined)
    throw new NatsRefusedError(`${target.where}: the stream "${OWNERS}"`, stored.error.description, stored.error.code)
  return { rounds, continues }
}
