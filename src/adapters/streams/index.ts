/** The door of the room, for the adapters of hosts with streams. */
export { StreamReading } from './reading.js'
export { StreamWriting } from './writing.js'
