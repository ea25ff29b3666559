// RxJS's own declarations name setTimeout, which neither ES2022 nor an empty list of types declares.
declare function setTimeout(callback: () => void, ms?: number): number
