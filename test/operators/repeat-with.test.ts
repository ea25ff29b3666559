/** repeatWith: rounds without an end. The rest is tested in retry-with.test.ts. */
import { repeatWith } from 'millrace/operators'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'

describe('repeatWith', () => {
  it('an endless repeat of what is ready grows no stack and can be stopped', async () => {
    let rounds = 0
    const subscription = of(1).pipe(repeatWith(() => 0)).subscribe(() => rounds++) // prettier-ignore
    await new Promise((resolve) => setTimeout(resolve, 20))
    subscription.unsubscribe()
    expect(rounds).toBeGreaterThan(10)
  })
})
