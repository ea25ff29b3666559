import { describe, expect, it } from 'vitest'
import { keyedMutex, select } from 'millrace'
import { performed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { describeLock } from './lock-suite.js'

describeLock('keyedMutex, one key', () => {
  const locks = keyedMutex<string>()
  return { lock: () => locks.lock('key'), tryLock: () => locks.tryLock('key'), unlock: () => locks.unlock('key') }
})

describe('keyedMutex', () => {
  it('a lock of one key waits for that key only', async () => {
    const locks = keyedMutex<string>()
    using _a = await locks.lock('a')
    const [again, other] = [performed(locks.lock('a')), performed(locks.lock('b'))]
    await settle()
    expect(again.now).toEqual(waiting)
    expect(other.now.is).toBe('done')
    expect([locks.tryLock('a'), locks.tryLock('b'), locks.tryLock('c')]).toEqual([false, false, true])
  })

  it('a select of two keys takes the free one', async () => {
    const locks = keyedMutex<string>()
    locks.tryLock('a')
    const choice = performed(select({ a: locks.lock('a'), b: locks.lock('b') }))
    await settle()
    expect(choice.now).toMatchObject({ is: 'done', value: { case: 'b' } })
    locks.unlock('a')
    expect(locks.tryLock('a')).toBe(true)
  })

  it('unlocking an unlocked key throws, also when other keys are locked', () => {
    const locks = keyedMutex<string>()
    locks.tryLock('a')
    expect(() => locks.unlock('b')).toThrow('sync: unlock of unlocked mutex')
    locks.unlock('a')
    expect(() => locks.unlock('a')).toThrow('sync: unlock of unlocked mutex')
    expect(locks.tryLock('a')).toBe(true)
  })

  it('keys are compared as a Map does', () => {
    const locks = keyedMutex<unknown>()
    const key = {}
    expect([locks.tryLock(key), locks.tryLock(key), locks.tryLock({}), locks.tryLock(NaN), locks.tryLock(NaN)]).toEqual([
      true,
      false,
      true,
      true,
      false,
    ])
  })
})
