/**
 * The statements of a queue. $1 is the topic, $2 the holder, $3 the offsets of messages, $4 their attempts, $5 and $6 the least and the
 * largest of the offsets; the others follow.
 *
 * Always true: a statement changes no message that another holder has, or that this one has taken again since.
 */
import { columns } from './record.js'

const QUEUE = 'topic = $1 and partition = 0'
const NTH = 'array_position($3::bigint[], m."offset")'
/**
 * The range is for a server that believes the table to be empty, since it was when it was last analyzed: it would read the index of the
 * whole topic for `any`.
 */
const HELD = `m.${QUEUE} and m."offset" = any ($3::bigint[]) and m."offset" >= $5 and m."offset" <= $6
  and m.holder = $2 and m.attempt = ($4::int[])[${NTH}]`

/** Messages that are done are deleted. */
export const SETTLE = `delete from $.message m where ${HELD}`

interface Taking {
  /** The parameters: the most messages, ms of their lease, and the offset that they begin at. */
  readonly most: string
  readonly lease: string
  readonly from: string
  readonly settle: string
  readonly isFree: string
}

const taking = ({ most, lease, from, settle, isFree }: Taking): string => `with done as (${settle} returning 1)
  update $.message m set attempt = m.attempt + 1, holder = $2, visible_at = clock_timestamp() + ${lease}::float8 * interval '1 ms'
  where m.ctid = any (array(select ctid from $.message where ${QUEUE} and "offset" >= ${from} and visible_at <= clock_timestamp() and ${isFree}
    order by "offset" limit ${most} for update skip locked)) returning ${columns('m')}`

/** Settles, and then takes: a count of the settled rows needs all of them. */
export const TAKE = taking({ most: '$7', lease: '$8', from: '$9', settle: SETTLE, isFree: '(select count(*) from done) >= 0' })

/** Settles the message of the offset $3 and the attempt $4, and takes others: a server plans it in less time than `TAKE`. */
export const TAKE_ONE = taking({
  most: '$5',
  lease: '$6',
  from: '$7',
  settle: `delete from $.message m where m.${QUEUE} and m."offset" = $3 and m.holder = $2 and m.attempt = $4`,
  isFree: '"offset" <> $3',
})

/** Messages can be taken again after $8 ms; $7 is what their attempts become less. */
export const GIVE_BACK = `update $.message m set holder = null, attempt = m.attempt - ($7::int[])[${NTH}],
  visible_at = clock_timestamp() + ($8::float8[])[${NTH}] * interval '1 ms' where ${HELD}`

/** Keeps messages for $7 ms more, and returns their offsets. */
export const KEEP = `update $.message m set visible_at = clock_timestamp() + $7::float8 * interval '1 ms' where ${HELD}
  returning m."offset"::float8 as "offset"`
