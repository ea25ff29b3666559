/** The public surface of `millrace/web`. */
export { receiverOf, type ReceiverOfOptions, type StreamReceiver } from './streams/receiver-of.js'
export { senderOf, type StreamSender } from './streams/sender-of.js'
export { fetchOp, type FetchOptions, type FetchResponse } from './fetch/fetch-op.js'
export { StatusError } from './fetch/status-error.js'
