/** The client of the user, and its errors: those that pass by, and those that fail the pipeline. */
import { checkMethod, checkRecord, mistyped } from '../../runtime/internal.js'
import { KafkaRefusedError } from './errors.js'

/** A client of `@platformatic/kafka`: a `Producer`, a `Consumer` or an `Admin`. Its settings are used, and its connections. */
export interface KafkaClient {
  readonly clientId: string
  /** Whether its owner has closed it. */
  readonly closed: boolean
  /** The brokers, and the partitions of topics. */
  metadata(options: { topics?: string[]; forceUpdate?: boolean }): PromiseLike<unknown>
}

/** Options of everything that speaks to Kafka. */
export interface KafkaOptions {
  /** ms that the server may be away; default 30,000. */
  readonly patience?: number
}

export function checkClient(where: string, client: unknown): void {
  if (typeof client !== 'object' || client === null) throw mistyped(where, 'a client of @platformatic/kafka', client)
  checkMethod(where, 'a client of @platformatic/kafka', client, 'metadata')
}

export function checkOptionsOf(where: string, options: unknown, expected: string, names: readonly string[]): void {
  checkRecord(where, expected, options, names)
}

/** Names of topics and groups; Kafka takes the others for topics only where they are `a`–`z`, digits, `.`, `_` and `-`. */
export function checkTopic(where: string, name: unknown): void {
  if (typeof name !== 'string' || !/^[\w.-]{1,249}$/.test(name) || name === '.' || name === '..')
    throw mistyped(where, 'the name of a topic: at most 249 letters, digits, ".", "_" and "-"', name)
}

/** The facts of an error of the client, and of the errors within it. */
interface Fact {
  /** Of the client: `PLT_KFK_NETWORK`. */
  readonly code: string
  /** Of Kafka: `NOT_COORDINATOR`; empty where there is no answer of the server. */
  readonly id: string
  /** Kafka says that a later attempt may succeed. */
  readonly mayPass: boolean
  readonly error: unknown
}

/** The error and those within it: its parts, and its causes. */
function* factsIn(error: unknown, depth = 0): Generator<Fact> {
  if (typeof error !== 'object' || error === null || depth > 8) return
  const { code, apiId, canRetry, errors, cause } = partsOf(error)
  yield { code: typeof code === 'string' ? code : '', id: typeof apiId === 'string' ? apiId : '', mayPass: canRetry === true, error }
  for (const part of errors) yield* factsIn(part, depth + 1)
  yield* factsIn(cause, depth + 1)
}

type Parts = Readonly<Partial<Record<'code' | 'apiId' | 'canRetry' | 'errors' | 'cause', unknown>>>

/** The parts of an error of the client; none where it cannot be read. */
function partsOf(error: object): Parts & { readonly errors: readonly unknown[] } {
  try {
    const { code, apiId, canRetry, errors, cause } = error as Parts // of the client
    return { code, apiId, canRetry, errors: Array.isArray(errors) ? errors : [], cause }
  } catch {
    return { errors: [] }
  }
}

const failedLogin = /^(?:PLT_KFK_AUTHENTICATION|SASL_AUTHENTICATION_FAILED|UNSUPPORTED_SASL_MECHANISM)$/
/** Codes of a client that has no connection, or an answer that is late or that it cannot read, and those of Node. */
const away =
  /^(?:(?:PLT_KFK_)?(?:NETWORK|TIMEOUT|UNEXPECTED_CORRELATION_ID|OUT_OF_BOUNDS)|E(?:CONN(?:REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|AI_AGAIN|NOTFOUND))$/

/** Whether a later attempt may succeed: there is no connection, or the server is on its way to be ready. */
export function isAway(error: unknown): boolean {
  const facts = [...factsIn(error)]
  if (facts.some(({ code, id }) => failedLogin.test(code) || failedLogin.test(id))) return false
  const answers = facts.filter(({ id }) => id !== '')
  if (answers.length > 0) return answers.every(({ id, mayPass }) => mayPass || id === 'STALE_MEMBER_EPOCH')
  return facts.some(({ code }) => away.test(code))
}

/** Whether the server has given an error of one of these names. */
export function says(error: unknown, ids: RegExp): boolean {
  return [...factsIn(error)].some(({ id }) => ids.test(id))
}

/** The group has gone on without this member. */
export function isFenced(error: unknown): boolean {
  return says(error, /^(?:UNKNOWN_MEMBER_ID|FENCED_MEMBER_EPOCH|ILLEGAL_GENERATION)$/)
}

/** An error that is no answer of the server is that of the client, and stays as it is. */
export function translated(where: string, error: unknown): unknown {
  const facts = [...factsIn(error)]
  const login = facts.find(({ code, id }) => failedLogin.test(code) || failedLogin.test(id))
  if (login !== undefined) return new KafkaRefusedError(where, 'SASL_AUTHENTICATION_FAILED', login.error)
  const answer = facts.find(({ id }) => id !== '')
  return answer === undefined ? error : new KafkaRefusedError(where, answer.id, answer.error)
}

/** The answer of a server that came with an error, such as that of one partition of several. */
export function answerIn<A>(error: unknown): A | null {
  if (typeof error !== 'object' || error === null) return null
  try {
    return (error as { readonly response?: A }).response ?? null // of the client
  } catch {
    return null
  }
}
