import { contextKey, type Context } from '../../runtime/index.js'

/** The context that ends the intake of the sources in a pipeline: set by `drain`. */
export const intakeKey = contextKey<Context>('intake')
