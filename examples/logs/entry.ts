/** A line of an access log in combined format, as far as the tables need it. */
export interface Entry {
  /** Minutes since 1970. */
  readonly minute: number
  readonly client: string
  readonly path: string
  readonly status: number
  readonly bytes: number
  /** Filled in on the way. */
  country: string
  startsVisit: boolean
}

const LINE = /^(\S+) \S+ \S+ \[(\d\d\/\w{3}\/\d{4}:\d\d:\d\d):\d\d ([+-])(\d\d)(\d\d)\] "[A-Z]+ (\S+)[^"]*" (\d{3}) (\d+|-)/

/** null where the line is none of a log. */
export function parse(line: string): Entry | null {
  const found = LINE.exec(line)
  if (found === null) return null
  const [, client, time, sign, hours, minutes, path, status, bytes] = found
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  const minute = minuteOf(time) - offset
  return { minute, client, path, status: Number(status), bytes: bytes === '-' ? 0 : Number(bytes), country: '', startsVisit: false }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
let last = { time: '', minute: 0 }

/** Of `24/Nov/2026:08:37`; thousands of lines have the same one after the other. */
function minuteOf(time: string): number {
  if (time === last.time) return last.minute
  const [day, month, year, hour, minute] = time.split(/[/:]/)
  const ms = Date.UTC(Number(year), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute))
  last = { time: owned(time), minute: ms / 60_000 }
  return last.minute
}

/** A copy: a part of a string keeps all of the chunk alive that it was cut from, which is what one that stays must not do. */
export function owned(text: string): string {
  return ` ${text}`.slice(1)
}
