export default async () => { let p = Promise.resolve(0); for (let n = 0; n < 1e4; n++) p = p.then((x) => x + 1); return await p }
