export const hi = 'hallo'
