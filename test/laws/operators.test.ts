/** Every operator passes the laws of operators. */
import { describe, it } from 'vitest'
import { operators } from './subjects.js'

describe.each(Object.entries(operators))('%s', (_name, uses) => {
  describe.each(Object.entries(uses))('%s', (_use, laws) => {
    it.each(laws)('$name: $meaning', (law) => law.check())
  })
})
