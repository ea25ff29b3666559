/** repeatWith: rounds without an end. The rest is tested in retry-with.test.ts. */
import { repeatWith } from 'millrace/operators'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

describe('repeatWith', () => {
  it('an endless repeat of what is ready grows no stack and can be stopped', async () => {
    let rounds = 0
    const endless = of(1).pipe(repeatWith(() => 0))
    await new Promise<void>((resolve) => {
      const subscription = endless.subscribe(() => {
        if (++rounds < 200) return
        subscription.unsubscribe()
        resolve()
      })
    })
    await settle()
    expect(rounds).toBe(200)
  })
})
