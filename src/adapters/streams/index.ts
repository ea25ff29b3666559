/** The door of the room, for the adapters of hosts with streams. */
export { causeOfLeaving, runWaitsFor } from './leaving.js'
export { StreamReading } from './reading.js'
export { StreamWriting } from './writing.js'
