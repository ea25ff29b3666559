/** The longest delay of a timer of Node in ms: a longer one would run at once. */
export const MAX_DELAY = 2 ** 31 - 1
