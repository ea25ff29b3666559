/**
 * A connection of the NATS client without a server: JetStream stores each message that is published. A consumer has this
 * number of messages; with none, there is no stream to read from.
 */
import type { Msg, NatsConnection, SubscriptionOptions } from '@nats-io/nats-core'

export function natsStub(messages = 0): NatsConnection {
  let next = 1
  const subscriptions = new Map<string, SubscriptionOptions>()
  const told = (subject: string, answer: unknown): Msg => {
    const text = JSON.stringify(answer)
    return { subject, data: new TextEncoder().encode(text), string: () => text, json: () => answer } as unknown as Msg // as far as it is read
  }
  const missing = { error: { code: 404, err_code: 10059, description: 'stream not found' } }
  const consumer = {
    config: { ack_policy: 'explicit' },
    num_pending: 0,
    num_ack_pending: 0,
    ack_floor: { stream_seq: 0 },
    delivered: { stream_seq: 0 },
  }
  const pulled = (inbox: string) => {
    for (; next <= messages; next++) {
      const message = { ...told('in', next), reply: `$JS.ACK.in.millrace.1.${next}.${next}.1700000000000000000.0` }
      queueMicrotask(() => void subscriptions.get(inbox)?.callback?.(null, message))
    }
  }
  const stub = {
    info: { version: '2.15.3', max_payload: 1 << 20 },
    publish(subject: string, _data: unknown, { reply = '' } = {}) {
      if (subject.includes('.MSG.NEXT.')) return pulled(reply)
      for (const [inbox, { callback }] of subscriptions)
        if (inbox !== '' && reply.startsWith(inbox)) queueMicrotask(() => void callback?.(null, told(reply, { stream: 's', seq: 1 })))
    },
    subscribe(subject: string, options: SubscriptionOptions) {
      const inbox = subject.replace('*', '')
      subscriptions.set(inbox, options)
      const unsubscribe = () => void subscriptions.delete(inbox)
      return { unsubscribe, drain: () => Promise.resolve(unsubscribe()) }
    },
    request: (subject: string) => Promise.resolve(told(subject, subject.includes('.CREATE.') ? {} : messages > 0 ? consumer : missing)),
    flush: () => Promise.resolve(),
    closed: () => new Promise<void>(() => {}),
    status: () => ({
      stop() {},
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
    }),
  }
  return stub as unknown as NatsConnection // as far as it is used
}
