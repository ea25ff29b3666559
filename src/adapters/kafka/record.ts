/** Records of Kafka as messages: the value is JSON in UTF-8, the key and the headers are texts in UTF-8. */
import type { KafkaRecord, RecordsBatch } from '@platformatic/kafka'
import type { LogRecord } from '../broker/internal.js'

const noHeaders: ReadonlyMap<string, string> = /* @__PURE__ */ new Map()

/** The message of a record. A record without a value, which marks its key as deleted, has null as its value. */
export function messageOf(record: KafkaRecord, offset: number, time: number): LogRecord<unknown> {
  const key = record.key === null ? null : textOf(record.key)
  const headers = headersOf(record)
  if (record.value === null) return { offset, time, key, headers, value: null }
  const text = textOf(record.value)
  try {
    return { offset, time, key, headers, value: jsonIn(text) }
  } catch (cause) {
    return { offset, time, key, headers, value: undefined, payload: text, unreadable: { cause } }
  }
}

function headersOf({ headers }: KafkaRecord): ReadonlyMap<string, string> {
  if (headers.length === 0) return noHeaders
  return new Map(headers.map(([name, value]) => [name === null ? '' : textOf(name), value === null ? '' : textOf(value)]))
}

function jsonIn(text: string): unknown {
  return JSON.parse(text)
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

const OF_TRANSACTION = 1 << 4
const OF_CONTROL = 1 << 5

/** A transaction that was aborted: its batches from this offset on are no messages. */
export interface Aborted {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** The records of batches from an offset on, and the offset after the last batch. */
export function recordsOf(
  batches: readonly RecordsBatch[],
  from: number,
  aborted: readonly Aborted[],
): { readonly records: readonly LogRecord<unknown>[]; readonly next: number } {
  const records: LogRecord<unknown>[] = []
  const open = new Set<bigint>()
  const waiting = [...aborted].sort((a, b) => Number(a.firstOffset - b.firstOffset))
  let next = from
  for (const batch of batches) {
    const first = Number(batch.firstOffset)
    next = Math.max(next, first + batch.lastOffsetDelta + 1)
    while (waiting.length > 0 && Number(waiting[0].firstOffset) < next) open.add(waiting.splice(0, 1)[0].producerId)
    if ((batch.attributes & OF_CONTROL) !== 0) {
      open.delete(batch.producerId) // the end of its transaction
      continue
    }
    if ((batch.attributes & OF_TRANSACTION) !== 0 && open.has(batch.producerId)) continue
    for (const record of batch.records) {
      const offset = first + record.offsetDelta
      if (offset >= from) records.push(messageOf(record, offset, Number(batch.firstTimestamp + record.timestampDelta)))
    }
  }
  return { records, next }
}
