/** named: names for parts of a pipeline. */
import { background } from 'millrace'
import { collect, named, onUnpaced, workerPool } from 'millrace/operators'
import { from } from 'rxjs'
import { describe, expect, it } from 'vitest'

describe('named', () => {
  it('is how warnings call the stages above, and nests', async () => {
    const seen: string[] = []
    const off = onUnpaced((one) => seen.push(one.stage))
    const part = from([1, 2, 3]).pipe(workerPool(1, (n) => Promise.resolve(n), { name: 'a' }), named('inner')) // prettier-ignore
    await collect(background, part.pipe(named('outer'))).join()
    off()
    expect(seen).toEqual(['outer/inner/a'])
    expect(() => named('')).toThrow(/named\(name\): expected a name, got ""/)
  })
})
