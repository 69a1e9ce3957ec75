export default async () => { await null; throw new TypeError('swordfish') }
