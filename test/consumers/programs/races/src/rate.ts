export const rateOf = (): number => 4
