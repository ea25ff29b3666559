/** The public surface of `millrace/redis`: streams of Redis and Valkey as sources and ends of pipelines. */
export type { RedisClient, RedisClusterClient, RedisConnection, RedisOptions, RedisServerClient } from './client.js'
export { doctor } from './doctor.js'
export {
  RedisAwayError,
  RedisClosedError,
  RedisFullError,
  RedisRefusedError,
  RedisSetupError,
  RedisTooLargeError,
  RedisVersionError,
} from './errors.js'
export { fromRedis, type FromRedis } from './from-redis.js'
export type { Change, Plan } from '../broker/internal.js'
export { plan, type PlanOptions } from './plan.js'
export { redisOnce, type RedisOnce } from './redis-once.js'
export { redisDeadLetters, toRedis, type RedisStreamOptions, type ToRedis } from './to-redis.js'
