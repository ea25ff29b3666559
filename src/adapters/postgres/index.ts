/** The public surface of `millrace/postgres`: topics in tables as sources and ends of pipelines, in transactions of the user too. */
export type { PostgresClient, PostgresListener, PostgresOptions, PostgresPool } from './client.js'
export { PostgresAwayError, PostgresRefusedError, PostgresSetupError, PostgresVersionError } from './errors.js'
export { fromPostgres, type FromPostgres } from './from-postgres.js'
export type { Change, Plan } from '../broker/internal.js'
export { plan, type PlanOptions } from './plan.js'
export { postgresOnce } from './postgres-once.js'
export { postgresDeadLetters, toPostgres, type PostgresDeadLetters, type ToPostgres } from './to-postgres.js'
export { inbox, outbox, type InboxOptions, type OutboxMessage } from './transaction.js'
