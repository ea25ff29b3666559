/** Imports a peer from this folder's own node_modules. */
export const peer = (name) => import(name)
