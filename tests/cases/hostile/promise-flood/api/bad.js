export default async () => { while (true) await null }
