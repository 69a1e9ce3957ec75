export const value = 3
export default 'three'
