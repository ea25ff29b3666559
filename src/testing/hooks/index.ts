export { hooks } from './hooks.js'
export { HOOKS, installHooks } from './install.js'
