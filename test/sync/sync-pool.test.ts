import { describe, expect, it } from 'vitest'
import { syncPool } from 'millrace'

describe('syncPool', () => {
  it('PO-001 get makes a new item when empty, else returns an item that was put', () => {
    expect(syncPool().get()).toBe(undefined)
    let made = 0
    const pool = syncPool(() => ++made)
    expect([pool.get(), pool.get()]).toEqual([1, 2])
    pool.put(42)
    expect([pool.get(), pool.get()]).toEqual([42, 3])
  })

  it('PO-004 get returns only items that were put or made, each at most as often as it was put', () => {
    let made = 0
    const pool = syncPool(() => ({ made: ++made }))
    const put = Array.from({ length: 5000 }, (_, i) => ({ made: -i }))
    for (const item of put) pool.put(item)
    const got = new Set(put.map(() => pool.get()))
    expect(got.size).toBe(put.length)
    const again = [...got].filter((item) => item.made <= 0)
    expect(again.length).toBeGreaterThan(0)
    expect(again.every((item) => put.includes(item))).toBe(true)
    expect(got.size - again.length).toBe(made)
  })

  it('a put of undefined is ignored: undefined is no item', () => {
    const pool = syncPool<number | undefined | null>(() => 1)
    pool.put(undefined)
    pool.put(null)
    expect([pool.get(), pool.get()]).toEqual([null, 1])
  })

  it('rejects an argument that is not a function', () => {
    expect(() => syncPool(5 as never)).toThrow('syncPool(make): expected a function, got 5')
  })
})
