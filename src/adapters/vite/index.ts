/** The public surface of `millrace/vite`. */
export { race, type FilePattern, type RaceOptions } from './race.js'
export { threads, type ThreadsOptions } from './threads.js'
