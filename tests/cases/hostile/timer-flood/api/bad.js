export default async () => { for (let n = 0; n < 1e4; n++) setTimeout(() => {}, 1e6); return 'done' }
