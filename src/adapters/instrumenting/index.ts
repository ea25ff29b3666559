export { HOOKS, instrumentFile, isInstrumented, textOf, type Original } from './instrument-file.js'
