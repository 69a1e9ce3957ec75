export default async function* () { for (let n = 0; n < 3000; n++) yield 'x'.repeat(10000) }
