export default async () => undefined
