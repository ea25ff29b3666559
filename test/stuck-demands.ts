/** After each test of a suite with pipelines: no demand stands still. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

const { testPath = '' } = expect.getState()
if (/\/test\/(operators|pipelines|laws|testing|node|web|threads|time)\//.test(testPath)) {
  const { StuckDemands } = await import('../src/operators/demand/stuck.js')
  const demands = new StuckDemands()
  beforeAll(() => demands.watch())
  afterEach(() => {
    try {
      demands.check()
    } finally {
      demands.forget()
    }
  })
  afterAll(() => demands.end())
}
