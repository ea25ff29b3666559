/** The public surface of `millrace/web/operators`: the borders of the web platform as sources, stages and sinks. */
export { fromEventTarget } from './events/from-event-target.js'
export { fromBody } from './fetch/from-body.js'
export { fromReadableStream } from './streams/from-readable-stream.js'
export { throughStream } from './streams/through-stream.js'
export { toReadableStream, type ToReadableStreamOptions } from './streams/to-readable-stream.js'
export { toTransformStream, type ToTransformStreamOptions } from './streams/to-transform-stream.js'
export { writeToStream, type WriteToStreamOptions } from './streams/write-to-stream.js'
