const n: number = 'a text' as any as number
const wrong: string = 5
export default () => [n, wrong]
