/** A pool of PostgreSQL without a server: every topic is a queue and stores what is published; this number of messages waits in each. */
import type { PostgresPool } from 'millrace/postgres'
import { VERSION } from '../../src/adapters/postgres/schema.js'

export function postgresStub(messages = 0): PostgresPool {
  let next = 0
  const taken = (most: number): unknown[] => {
    const rows: unknown[] = []
    for (; next < messages && rows.length < most; next++)
      rows.push({ offset: next, key: 'k', value: next, headers: {}, attempt: 1, time: 0 })
    return rows
  }
  const answers: readonly (readonly [statement: RegExp, rows: (values: unknown[]) => unknown[]])[] = [
    [/server_version_num/, () => [{ number: 150_000, name: '15.0' }]],
    [/select partitions from/, () => [{ partitions: 0 }]],
    [/skip locked/, (values) => taken(values.at(-3) as number)], // as the driver asks
    [/to_regclass/, () => [{ is_there: true, said: `millrace ${VERSION}` }]],
    [/is_new\(/, () => [{ is_new: true }]],
    [/once_claim/, () => [{ state: 'claimed', is_unsure: false, wait: 0 }]],
    [/as all_of_them/, () => [{ partition: 0, all_of_them: 0, under_way: 0, oldest: null }]],
  ]
  const query = (text: string, values: unknown[] = []) =>
    Promise.resolve({ rows: answers.find(([statement]) => statement.test(text))?.[1](values) ?? [] })
  return { query, connect: () => Promise.resolve({ query, on() {}, release() {} }) }
}
