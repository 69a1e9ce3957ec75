export const hi = 'hello'
