/** A link of NATS over a connection without a server. */
import { background, sleep, withCancel } from 'millrace'
import { stage } from 'millrace/broker'
import { natsLink } from 'millrace/nats'
import { collect, fromIterable } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { expect, it } from 'vitest'
import * as z from 'zod'
import { natsStub } from '../support/nats-stub.js'

it('a link sends items after the server has the consumer of the replies', () =>
  bubble(function* () {
    const stub = natsStub(1)
    const log: string[] = []
    let answer = (): void => undefined // race-ok: the test answers as the server, by time alone
    const nc = {
      ...stub,
      request: async (...args: Parameters<typeof stub.request>) => {
        log.push(args[0].replace(/replies%2E\w+/, 'replies'))
        if (args[0].includes('.CREATE.')) await new Promise<void>((resolve) => (answer = resolve))
        return stub.request(...args)
      },
      publish: (...args: Parameters<typeof stub.publish>) => {
        log.push(args[0].replace(/replies%2E\w+/, 'replies'))
        stub.publish(...args)
      },
    }
    const greet = stage('greet', { input: z.string(), output: z.string() }, (name) => name)
    using ctx = withCancel(background)
    collect(ctx, fromIterable(['ada']).pipe(greet.over(natsLink(nc, { stages: 'shop' }), { workers: 1 })))
    yield* sleep(1)
    expect(log).toEqual(['$JS.API.CONSUMER.CREATE.shop-replies.greet%2Ereplies'])
    answer()
    yield* sleep(1)
    expect(log).toContain('shop.items.greet')
    ctx.cancel()
  }))
