/** The library as the model suite takes it: a parameter, so that the same suite runs on the sources and on copies with a fault in them. */
import * as surface from 'millrace'
import * as kernel from '../../src/runtime/internal.js'

export type Library = typeof surface & typeof kernel
export const millrace: Library = { ...surface, ...kernel }
