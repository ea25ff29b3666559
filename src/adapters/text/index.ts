/** The door of the room: text in lines, for the adapters of every host. */
export { LineTooLongError } from './line-splitter.js'
export { lines } from './lines.js'
export { ndjson, NdjsonError } from './ndjson.js'
export type { LineOptions } from './text-stage.js'
