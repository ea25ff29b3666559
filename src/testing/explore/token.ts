/**
 * A schedule as text: for each switch, the number of decisions with option 0 before the switch, and its option where
 * that is not 1. `s1-0-a.2`.
 */
import { isExact, type Switch } from './picks.js'

/** More decisions than any run has. */
const MOST_CHOICES = 10_000_000

/** The picks of the switches must be exact. */
export function toToken(switches: readonly Switch[]): string {
  const parts = switches.map(({ after, pick }) => `${after.toString(36)}${pick === 1 ? '' : `.${pick.toString(36)}`}`)
  return `s1-${parts.join('-')}`
}

export function fromToken(token: string): Switch[] {
  const [version, ...parts] = token.split('-')
  if (version !== 's1' || parts.length === 0)
    throw new TypeError(`replay(token): expected a token that begins with s1-, got ${JSON.stringify(token)}`)
  if (token === 's1-') return []
  let choices = 0
  return parts.map((part) => {
    const [, zeros = '', option = '1'] = /^([0-9a-z]+)(?:\.([0-9a-z]+))?$/.exec(part) ?? []
    const [after, pick] = [Number.parseInt(zeros, 36), Number.parseInt(option, 36)]
    choices += after + 1
    if (!(pick >= 1) || !isExact(pick) || !(choices <= MOST_CHOICES))
      throw new TypeError(`replay(token): the part ${JSON.stringify(part)} is malformed, in ${JSON.stringify(token)}`)
    return { after, pick }
  })
}
