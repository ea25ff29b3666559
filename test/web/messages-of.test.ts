/** Messages of ports and channels. */
import { CanceledError } from 'millrace'
import { messagesOf, OverflowError } from 'millrace/web'
import { expect, it } from 'vitest'

it('receives the messages of a port in order, also those before the start', async () => {
  const { port1, port2 } = new MessageChannel()
  for (let i = 0; i < 3; i++) port2.postMessage(i)
  using messages = messagesOf<number>(port1, { capacity: 10, policy: 'error' })
  const got = []
  for (let i = 0; i < 3; i++) got.push(await messages.receive())
  expect(got).toEqual([0, 1, 2].map((value) => ({ _tag: 'Some', value })))
  port1.close()
})

it('fails with OverflowError for a sender that is too fast, after the messages that wait', async () => {
  const { port1, port2 } = new MessageChannel()
  const messages = messagesOf<number>(port1, { capacity: 2, policy: 'error' })
  let came = 0
  port1.addEventListener('message', () => came++)
  for (let i = 0; i < 5; i++) port2.postMessage(i)
  await expect.poll(() => came).toBeGreaterThan(2)
  const got = [await messages.receive()]
  for (let end = await messages.receive().attempt(); ; end = await messages.receive().attempt()) {
    if (end._tag === 'Left') {
      expect(end.left).toBeInstanceOf(OverflowError)
      break
    }
    got.push(end.right)
  }
  expect(got).toHaveLength(2)
  port1.close()
})

it('receives from a BroadcastChannel, and cancel leaves the channel open', async () => {
  const [here, there] = [new BroadcastChannel('millrace-test'), new BroadcastChannel('millrace-test')]
  const messages = messagesOf<string>(here, { capacity: 1, policy: 'drop-oldest' })
  there.postMessage('a')
  expect(await messages.receive()).toEqual({ _tag: 'Some', value: 'a' })
  messages.cancel()
  await expect(messages.receive()).rejects.toBeInstanceOf(CanceledError)
  using again = messagesOf<string>(here, { capacity: 1, policy: 'drop-oldest' })
  there.postMessage('b')
  expect(await again.receive()).toEqual({ _tag: 'Some', value: 'b' })
  here.close()
  there.close()
})

it('refuses anything that has no messages', () => {
  expect(() => messagesOf({} as MessagePort, { capacity: 1, policy: 'error' })).toThrow(
    /messagesOf\(port\): expected a MessagePort.*of node:worker_threads: eventsOf\(worker, 'message'\)/,
  )
})
