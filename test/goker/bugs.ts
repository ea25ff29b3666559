/** All bug programs: the 51 kernels of GoKer, and two of our own. */
import { abBa } from './ab-ba.js'
import { channelAndContext } from './channel-context.js'
import { channelAndLock } from './channel-lock.js'
import { channel } from './channel.js'
import { closures } from './closures.js'
import { condition } from './condition.js'
import { dataRaces } from './data-races.js'
import { doubleLocking } from './double-locking.js'
import { misuse } from './misuse.js'
import { recursiveRead } from './recursive-read.js'
import { waitGroups } from './wait-group.js'
import type { BugProgram } from './bug-program.js'

export const bugs: readonly BugProgram[] = [
  ...doubleLocking,
  ...abBa,
  ...recursiveRead,
  ...channel,
  ...channelAndContext,
  ...condition,
  ...channelAndLock,
  ...waitGroups,
  ...misuse,
  ...dataRaces,
  ...closures,
]
