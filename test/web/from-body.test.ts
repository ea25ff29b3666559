/** The body of a message as a source; with requests, see fetch-op.test.ts. */
import { background } from 'millrace'
import { collect } from 'millrace/operators'
import { fromBody } from 'millrace/web/operators'
import { take } from 'rxjs'
import { expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { counting } from './streams.js'

it('emits the chunks of a Response and of a Request', async () => {
  const lengths = async (message: Response | Request) =>
    (await collect(background, fromBody(message)).join()).map((chunk) => chunk.byteLength)
  expect(await lengths(new Response('abc'))).toEqual([3])
  expect(await lengths(new Request('http://localhost/', { method: 'POST', body: 'ab' }))).toEqual([2])
  expect(await lengths(new Response())).toEqual([])
})

it('a subscriber that leaves cancels the body, and a second one fails', async () => {
  const { stream, seen } = counting()
  const source = fromBody({ body: stream as never })
  await collect(background, source.pipe(take(1))).join()
  await settle()
  expect(seen.canceled).toHaveLength(1)
  const response = new Response('abc')
  await response.text()
  expect(await collect(background, fromBody(response)).join().attempt()).toBeDefined()
})

it('refuses anything without a body', () => {
  expect(() => fromBody({} as never)).toThrow('fromBody(message): expected a Response or Request, got an object')
})
