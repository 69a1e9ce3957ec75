export default (req: Request): unknown => ({ from: 'c' })
