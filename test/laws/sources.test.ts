/** Every source passes the laws of sources. */
import { describe, it } from 'vitest'
import { sources } from './subjects.js'

describe.each(Object.entries(sources))('%s', (_name, uses) => {
  describe.each(Object.entries(uses))('%s', (_use, laws) => {
    it.each(laws)('$name: $meaning', (law) => law.check())
  })
})
