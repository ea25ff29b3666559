/** The evaluation of a module by its address, at run time: no bundler follows it. */

/** The exports of the module. */
export function loadModule(url: string): Promise<object> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ url) as Promise<object> // the exports of a module are an object
}
