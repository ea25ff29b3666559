/** The module that each thread evaluates. */
import { moved, onThreads } from 'millrace/threads'
import { blurred, type Strip } from './gaussian.js'

export const { blur } = onThreads(import.meta, {
  blur: (strip: Strip, radius: number) => moved(blurred(strip, radius)),
})
