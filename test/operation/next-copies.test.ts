/**
 * The classes of hot operations repeat the body of `Operation.next`, so that each copy meets one class. Always true: the
 * copies do not differ.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const runtime = new URL('../../src/runtime/', import.meta.url)

const files = readdirSync(runtime, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(new URL(name, runtime), 'utf8') }))

/** The bodies of `next` in a class that extends another. */
const copies = files.flatMap(({ name, text }) =>
  [...text.matchAll(/^ {2}override next\(_received\?: unknown\): IteratorResult<never, .+> \{\n([\s\S]*?)^ {2}\}$/gm)].map(([, body]) => ({
    name,
    body,
  })),
)
const [original] =
  files.flatMap(({ text }) => [...text.matchAll(/^ {2}next\(_received\?: unknown\): IteratorResult<never, T> \{\n([\s\S]*?)^ {2}\}$/gm)]) ??
  []

it.each(copies.filter(({ name }) => name !== 'goroutine/gosched.ts'))('next in $name has the body of Operation.next', ({ body }) => {
  expect(body).toBe(original?.[1])
})

it('the hot operations have a copy', () => {
  expect(copies.map(({ name }) => name).sort()).toEqual([
    'channel/operations.ts', // a send
    'channel/operations.ts', // a receive
    'channel/range.ts',
    'goroutine/gosched.ts', // yields, where the others poll
    'goroutine/join.ts',
    'sync/mutex.ts',
    'sync/rw-mutex.ts',
    'sync/rw-mutex.ts',
    'sync/semaphore.ts',
    'sync/wait-group.ts',
  ])
})
