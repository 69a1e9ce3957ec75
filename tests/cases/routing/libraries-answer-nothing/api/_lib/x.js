export const x = 'x of the library'
