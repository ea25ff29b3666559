// Hooks that see and do nothing else: what instrumented code needs to run. `makeHooks` uses nothing from outside, so that its text can be
// evaluated in another realm, where the errors of a realm must be its own.

/**
 * @param {(event: readonly unknown[]) => void} [tell] hears each hook: its name, and the number of its site
 */
export function makeHooks(tell = () => {}) {
  let sites = 0
  return {
    NONE: { none: true },
    module(file, table) {
      const first = sites
      sites += table.length
      tell(['module', file])
      return first
    },
    cell: (name) => ({ name }),
    declared: (object) => object,
    frame: (site) => (tell(['frame', site]), {}),
    calls: (value, site) => (tell(['calls', site]), value),
    asks: (value, frame, site) => (tell(['asks', site]), value),
    took: (value, frame, site) => (tell(['took', site]), value),
    delegated: (value) => value,
    returns: (value) => value,
    passes: (value, site) => (tell(['passes', site]), value),
    passedTo: (value) => value,
    passed: () => null,
    wait: (value) => (tell(['wait']), value),
    resume: () => tell(['resume']),
    readVariable: (cell, site) => tell(['readVariable', site]),
    writeVariable: (cell, site, flags, value) => (tell(['writeVariable', site]), value),
    read: (object, key, site) => (tell(['read', site]), object),
    method: (object, key, site) => (tell(['method', site]), object),
    element: (object, key, site) => (tell(['element', site]), object[key]),
    elementKey: (object, key, site) => (tell(['elementKey', site]), key),
    everything: (object, site) => (tell(['everything', site]), object),
    part: (value, path, key, site) => (tell(['part', site]), value),
    items: (collection, site) => (tell(['items', site]), collection),
    step: (collection, site) => tell(['step', site]),
    write: (object, key, site, flags, value) => (tell(['write', site]), value),
    writeElement: (object, key, site, flags, value) => (tell(['writeElement', site]), value),
    replaces: (value, old, owner, key, site) => (tell(['replaces', site]), value),
    update: (object, key, readSite, site) => tell(['update', site]),
    remove: (object, key, site) => tell(['remove', site]),
    call: (object, method, site, flags, frame, readSite, dependence, parameters) => (tell(['call', site]), parameters),
    first: (value) => value,
  }
}
