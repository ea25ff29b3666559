/** Every sink passes the laws of sinks. */
import { describe, it } from 'vitest'
import { sinks } from './subjects.js'

describe.each(Object.entries(sinks))('%s', (_name, uses) => {
  describe.each(Object.entries(uses))('%s', (_use, laws) => {
    it.each(laws)('$name: $meaning', (law) => law.check())
  })
})
