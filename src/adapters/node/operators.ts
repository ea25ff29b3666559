/** The public surface of `millrace/node/operators`: the borders of Node as sources, stages and sinks. */
export { fromReadable } from './streams/from-readable.js'
export { throughDuplex } from './streams/through-duplex.js'
export { toDuplex, type ToDuplexOptions } from './streams/to-duplex.js'
export { toReadable, type ToStreamOptions } from './streams/to-readable.js'
export { writeTo, type WriteToOptions } from './streams/write-to.js'
