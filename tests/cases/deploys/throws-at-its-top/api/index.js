const list = undefined
export const first = list.length
export default () => first
