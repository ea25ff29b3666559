/** Every channel passes the laws of channels. */
import { describe, it } from 'vitest'
import { channels } from './subjects.js'

describe.each(Object.entries(channels))('%s', (_name, laws) => {
  it.each(laws)('$name: $meaning', (law) => law.check())
})
