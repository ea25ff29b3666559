/** The public surface of `millrace/web`. */
export { receiverOf, type ReceiverOfOptions, type StreamReceiver } from './streams/receiver-of.js'
export { senderOf, type StreamSender } from './streams/sender-of.js'
export { fetchOp, type FetchOptions, type FetchResponse } from './fetch/fetch-op.js'
export { StatusError } from './fetch/status-error.js'

export { eventsOf, nextEvent, type EventTargetLike } from './events/events-of.js'
export { OverflowError, type BufferOptions, type EventReceiver, type FullPolicy } from './events/inbox.js'
export { valuesOf, type ObservableLike, type ObserverLike } from './events/values-of.js'
export { messagesOf, type MessageSource } from './events/messages-of.js'
export { eventSource, type EventSourceOptions } from './events/event-source.js'
export { EventStreamError, type ServerSentEvent } from './events/event-stream.js'
export { frameTicker, idleTicker, type IdleTickerOptions } from './events/tickers.js'

export { WebSocketCloseError } from './socket/close-error.js'
export type { WebSocketData, WebSocketLike } from './socket/connection.js'
export { webSocket, type WebSocketMessage, type WebSocketOptions, type WebSocketPeer } from './socket/web-socket.js'
